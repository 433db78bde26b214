/** Bytes to read from: a regular file through positioned reads, bytes in memory, or a `File` of a page. */
import { FileFormatError } from "../errors.ts";
import { Buffer, closeFile, folderOf, isFolder, isThere, joined, openRegularFile, printable, readFully } from "../util/index.ts";

/** Bytes that a format reads its header and its links from. */
export interface ByteSource {
  /** What error messages call it. */
  readonly name: string;
  /** Absent for bytes in memory. */
  readonly path?: string;
  readonly size: number;
  /** Fills `into` from position `at`. @throws FileFormatError when the bytes are not there. */
  read(at: number, into: Uint8Array): void;
  /** Another file of the same folder, for formats of several files. */
  sibling(name: string): ByteSource;
  close(): void;
}

/**
 * Opens a file (or the file u0.npy of a folder of npy arrays), or wraps bytes. Close it when done.
 * @throws FileFormatError when the file does not exist, cannot be read or is not a regular file.
 */
export function openSource(file: string | Uint8Array): ByteSource {
  return typeof file === "string" ? openFile(file) : memorySource(file);
}

function openFile(path: string): ByteSource {
  if (isFolder(path)) return openFile(inFolder(path));
  const { handle, size } = openRegularFile(path, "a configuration file");
  return {
    name: printable(path),
    path,
    size,
    read(at, into) {
      expectInside(path, size, at, into.length);
      readFully(path, handle, at, into);
    },
    sibling: (name) => openFile(joined(folderOf(path), name)),
    close: () => closeFile(handle),
  };
}

/** What a folder stands for. @throws FileFormatError for folders that hold no npy arrays. */
function inFolder(folder: string): string {
  const first = joined(folder, "u0.npy");
  if (!isThere(first)) throw new FileFormatError(`${printable(folder)}: got a folder without u0.npy, expected a configuration file, or a folder of npy arrays u0.npy, u1.npy, ...`);
  return first;
}

function memorySource(bytes: Uint8Array, name = "bytes in memory"): ByteSource {
  return {
    name,
    size: bytes.length,
    read(at, into) {
      expectInside(name, bytes.length, at, into.length);
      into.set(bytes.subarray(at, at + into.length));
    },
    sibling: (other) => {
      throw new FileFormatError(`${name}: ${other} is needed as well, expected a path to files`);
    },
    close: () => {},
  };
}

/** A `File` or `Blob`: what a page is given instead of a path. */
export interface FileLike {
  readonly name?: string;
  readonly size: number;
  slice(start: number, end: number): FileLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** True for what looks like a `File` or `Blob`. */
export function isFileLike(x: unknown): x is FileLike {
  const file = x as Partial<FileLike> | null;
  return typeof file === "object" && file !== null && !(file instanceof Uint8Array) && typeof file.size === "number" && typeof file.slice === "function" && typeof file.arrayBuffer === "function";
}

/** Workers of pages may wait for the bytes of a file. */
interface WaitingReader {
  readAsArrayBuffer(blob: FileLike): ArrayBuffer;
}

/** Opens a `File`. Workers read it in pieces; other threads have no way to wait for one, and take all of it into memory. */
export async function openFileLike(file: FileLike): Promise<ByteSource> {
  const name = printable(file.name ?? "a Blob");
  const { FileReaderSync: Reader } = globalThis as unknown as { readonly FileReaderSync?: new () => WaitingReader };
  if (!Reader) return memorySource(new Uint8Array(await file.arrayBuffer()), name);
  const reader = new Reader();
  return {
    ...memorySource(new Uint8Array(0), name),
    size: file.size,
    read(at, into) {
      expectInside(name, file.size, at, into.length);
      into.set(new Uint8Array(reader.readAsArrayBuffer(file.slice(at, at + into.length))));
    },
  };
}

function expectInside(name: string, size: number, at: number, length: number): void {
  if (!(at >= 0) || at + length > size) throw new FileFormatError(`${name}: truncated: got ${size} bytes, expected ${length} bytes at position ${at}`);
}

/** `length` bytes at `at`, fewer at the end of the file. */
export function peek(source: ByteSource, at: number, length: number): Buffer {
  const b = Buffer.alloc(Math.max(0, Math.min(length, source.size - at)));
  source.read(at, b);
  return b;
}

/** Text of a file for a message: in quotes, short, printable; "nothing" when there is none. */
export function quoted(text: string | undefined, length = 40): string {
  return text === undefined ? "nothing" : `"${printable(text.trim().slice(0, length)).replace(/[^\x20-\x7e]/g, "?")}"`;
}
