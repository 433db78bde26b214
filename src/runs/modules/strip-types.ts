/** TypeScript to JavaScript without a compiler. */
import { createRequire } from "node:module";
import type amaro from "amaro";

const require = createRequire(import.meta.url);

/**
 * JavaScript of a TypeScript source. Types become blanks, so that lines and columns stay; enums and parameter properties are translated.
 * The parser, 3 MB of WebAssembly, is read at the first source: commands that have none do without it.
 * @throws the parser's report, a text, for sources with syntax errors.
 */
export function stripTypes(source: string): string {
  const { transformSync } = require("amaro") as typeof amaro;
  try {
    return transformSync(source, { mode: "strip-only" }).code;
  } catch {
    return transformSync(source, { mode: "transform" }).code;
  }
}
