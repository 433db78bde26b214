/** Functions of node:util that the node packages of TensorFlow.js 4.22 call and that Node 23 removed. */
import { createRequire } from "node:module";

type Util = Record<string, unknown>;

/** Adds what is missing; leaves what is there. Returns the names added. */
export function restoreUtil(util: Util = createRequire(import.meta.url)("node:util") as Util): string[] {
  const missing: Util = {
    isNullOrUndefined: (x: unknown) => x === null || x === undefined,
    isArray: Array.isArray,
  };
  return Object.entries(missing).flatMap(([name, f]) => {
    if (typeof util[name] === "function") return [];
    util[name] = f;
    return [name];
  });
}
