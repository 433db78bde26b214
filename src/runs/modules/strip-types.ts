/** TypeScript to JavaScript without a compiler. */
import amaro from "amaro";

/**
 * JavaScript of a TypeScript source. Types become blanks, so that lines and columns stay; enums and parameter properties are translated.
 * @throws the parser's report, a text, for sources with syntax errors.
 */
export function stripTypes(source: string): string {
  try {
    return amaro.transformSync(source, { mode: "strip-only" }).code;
  } catch {
    return amaro.transformSync(source, { mode: "transform" }).code;
  }
}
