/** Files where there are none by path: a page holds bytes and `File` objects, and what asks for a path is told so. The same names as in `files.node.ts`. */
import { FileFormatError } from "../errors.ts";
import type { Draft, OpenFile, WriteTarget } from "./files.node.ts";

export type { Draft, OpenFile, WriteTarget } from "./files.node.ts";

function noPaths(file: string): never {
  throw new FileFormatError(`${file}: got a path in a browser, expected bytes or a File object: pages have no access to files by name`);
}

/** @throws FileFormatError always. */
export function openRegularFile(file: string, _what?: string): OpenFile {
  return noPaths(file);
}

/** @throws FileFormatError always. */
export function readFully(file: string, _handle: number, _at: number, _into: Uint8Array): void {
  noPaths(file);
}

/** @throws FileFormatError always. */
export function readRegularFile(file: string, _what?: string, _limit?: number): Buffer {
  return noPaths(file);
}

/** @throws FileFormatError always. */
export function makeFolder(folder: string): void {
  noPaths(folder);
}

/** @throws FileFormatError always. */
export function writeFileAtomic(file: string, _data: Uint8Array | string): void {
  noPaths(file);
}

/** @throws FileFormatError always. */
export function writeFileAtomically(file: string, _fill: (target: WriteTarget) => void): void {
  noPaths(file);
}

/** @throws FileFormatError always. */
export function beginDraft(file: string): Draft {
  return noPaths(file);
}

/** @throws FileFormatError always. */
export function joinDraft(file: string, _temporary: string): Draft {
  return noPaths(file);
}

/** The error itself. */
export const writeFailure = (_file: string, error: unknown): unknown => error;

/** @throws FileFormatError always. */
export function closeFile(_handle: number): void {
  noPaths("file");
}

/** @throws FileFormatError always. */
export function isFolder(path: string): boolean {
  return noPaths(path);
}

/** @throws FileFormatError always. */
export function isThere(path: string): boolean {
  return noPaths(path);
}

/** @throws FileFormatError always. */
export function namesIn(folder: string): string[] {
  return noPaths(folder);
}

/** @throws FileFormatError always. */
export function removeFile(file: string): void {
  noPaths(file);
}

/** Paths with slashes. */
export function joined(...parts: readonly string[]): string {
  return parts.join("/");
}

/** What stands before the last slash. */
export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
}

/** @throws FileFormatError always. */
export function absolutePath(_folder: string, path: string): string {
  return noPaths(path);
}
