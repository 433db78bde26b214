/** Where the packages of TensorFlow.js engines come from, in Node. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { restoreUtil } from "./polyfill.ts";

/** What the addons for Node need before they are loaded. */
export function prepareNode(gpu: boolean): void {
  restoreUtil();
  // float32 products of CUDA devices round their inputs to 10 bits unless this is set before the library starts
  if (gpu) process.env["NVIDIA_TF32_OVERRIDE"] ??= "0";
}

/** From this package's own place, or else from the folder of the running project. */
export async function importPackage(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (error) {
    if (!/MODULE_NOT_FOUND/.test((error as { code?: string }).code ?? "") || !String((error as Error).message).includes(name)) throw error;
    let path: string;
    try {
      path = createRequire(join(process.cwd(), "package.json")).resolve(name);
    } catch {
      throw error;
    }
    return import(pathToFileURL(path).href);
  }
}
