/**
 * Loads a user's TypeScript or JavaScript module without a build step. Types are stripped by amaro in a module customisation hook, and
 * "gaugegrad" in the module's imports means this very package, wherever the file lies, so that both share one copy of the tape.
 */
import { register } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { FileFormatError, GaugegradError, ProgramError } from "../../errors.ts";
import { readRegularFile } from "../../util/index.ts";
import { stripTypes } from "./strip-types.ts";

const TYPESCRIPT = /\.[mc]?ts$/;
/** Run from its own TypeScript sources, the surrounding tool (the test runner) loads TypeScript already. */
const FROM_SOURCE = import.meta.url.endsWith(".ts");
/** Hooks hold for a process: registered again, every import would go through one more of them. */
let hooked = false;

/**
 * The exports of a module file.
 * @throws FileFormatError for a file that cannot be read, parsed or linked; ProgramError for what its own code throws, with file and line; errors of
 * this package keep their class and exit code, and tell the place as well.
 */
export async function loadModule(path: string, directory: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(directory, path);
  const source = readRegularFile(file, "a readable TypeScript or JavaScript module: check the path").toString("utf8");
  if (!FROM_SOURCE && !hooked) register("./module-hooks.js", import.meta.url, { data: { root: new URL("../../", import.meta.url).href } });
  hooked = true;
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const place = placeIn(error, file, path);
    if (error instanceof GaugegradError) throw place === undefined ? error : located(error, place);
    if (place !== undefined) throw new ProgramError(`${place}: ${error instanceof Error ? `${error.name}: ` : ""}${reason(error)}`, error);
    // here again for the line: the parser, which takes a fifth of a second to load, has run in the thread of the hooks
    if (TYPESCRIPT.test(file)) parsed(source, path);
    const failure = new FileFormatError(`${path}: got "${reason(error)}" while loading, expected a module that loads: ${advice(error)}`);
    failure.cause = error;
    throw failure;
  }
}

/** @throws FileFormatError with the line of the first error. */
function parsed(source: string, path: string): void {
  try {
    stripTypes(source);
  } catch (error) {
    const text = reason(error);
    // the parser marks the place under the line that it quotes
    const line = /^\s*(\d+) \|[^\n]*\n\s*:\s*\^/m.exec(text)?.[1];
    const what = text.replace(/^\s*x\s*/, "").split("\n")[0]!;
    throw new FileFormatError(`${path}${line ? `, line ${line}` : ""}: got a syntax error (${what.trim()}), expected TypeScript: correct it and run again`);
  }
}

/** `stout.ts:12:7`, where the module's own code threw; undefined for errors of loading, which have no frame in it. */
function placeIn(error: unknown, file: string, path: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const url = pathToFileURL(file).href;
  for (const frame of frames) {
    const at = [url, file].map((name) => frame.indexOf(`${name}:`) + name.length + 1).find((end, k) => end > [url, file][k]!.length);
    const place = at === undefined ? undefined : /^\d+:\d+/.exec(frame.slice(at))?.[0];
    if (place !== undefined) return `${path}:${place}`;
  }
  return undefined;
}

function located(error: GaugegradError, place: string): GaugegradError {
  error.message += ` (${place})`;
  return error;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The two mistakes that a module without a build step makes most. */
function advice(error: unknown): string {
  const text = reason(error);
  const missing = /does not provide an export named '(\w+)'/.exec(text)?.[1];
  if (missing) return `if ${missing} is a type, write "import type" or "type ${missing}" in the import`;
  if ((error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND") return "correct the import, or install the package that it names";
  return "correct it; --debug shows the stack";
}
