/**
 * Module customisation hooks (node:module `register`, run on the loader thread): "gaugegrad" and "gaugegrad/<room>" resolve to this
 * package, as its own sources do for a module inside the repository; TypeScript files are stripped of their types.
 */
import { readFile } from "node:fs/promises";
import type { InitializeHook, LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";
import { stripTypes } from "./strip-types.ts";

let root = "";

/** `root`: URL of the folder of this package's index.js. */
export const initialize: InitializeHook<{ readonly root: string }> = (data) => {
  root = data.root;
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const own = /^gaugegrad(?:\/([a-z]+))?$/.exec(specifier);
  if (own) return { url: new URL(own[1] ? `${own[1]}/index.js` : "index.js", root).href, shortCircuit: true };
  try {
    const found = await next(specifier, context);
    // sources of this very package mean what was built of them: a second copy would have its own tapes and classes of errors
    const source = new URL("../src/", root).href;
    return found.url.startsWith(source) && found.url.endsWith(".ts") ? { ...found, format: "module", url: new URL(found.url.slice(source.length).replace(/\.ts$/, ".js"), root).href } : found;
  } catch (error) {
    // schemas of options are written with the zod of this package where there is no other
    if (/^zod(\/|$)/.test(specifier)) return next(specifier, { ...context, parentURL: root });
    // TypeScript's habit: "./other.js" and "./other" mean the file other.ts
    if (!/^\.{1,2}\//.test(specifier) || /\.[mc]?ts$/.test(specifier)) throw error;
    try {
      return await next(`${specifier.replace(/\.js$/, "")}.ts`, context);
    } catch {
      throw error;
    }
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.m?ts$/.test(url)) return next(url, context);
  return { format: "module", source: stripTypes(await readFile(fileURLToPath(url), "utf8")), shortCircuit: true };
};
