/** The driver and NVRTC of fake-cuda.c for this process: kernels for devices run on the processor. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CUDA_SHIM } from "../../src/backend/index.ts";
import { nativeMissing, temporaryFolder } from "../compiler/backends.ts";

/** Environment with the libraries. @throws Error with the compiler's words when they do not compile. */
function compiled(): Record<string, string> {
  const folder = temporaryFolder();
  const library = join(folder, "libfake-cuda.so");
  writeFileSync(join(folder, "cuda_shim.h"), CUDA_SHIM);
  const cc = process.env["CC"] ?? "cc";
  const { status, stderr } = spawnSync(cc, ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", library, join(import.meta.dirname, "fake-cuda.c"), "-ldl"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`fake-cuda.c: ${stderr}`);
  return { GAUGEGRAD_CUDA_DRIVER: library, GAUGEGRAD_NVRTC: library, CUDA_CACHE_PATH: folder, FAKE_CUDA: folder, FAKE_CUDA_CC: cc };
}

let environment: Record<string, string> | undefined;

/** The libraries in the environment of this process, from now on; undefined, with the reason printed, where they cannot be made. */
export function fakeCuda(): Record<string, string> | undefined {
  const missing = nativeMissing();
  if (missing) {
    console.log(`cuda on the processor skipped: ${missing}`);
    return undefined;
  }
  environment ??= compiled();
  Object.assign(process.env, environment);
  return environment;
}
