/** Bytes to read from: a regular file through positioned reads, or bytes in memory. */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { FileFormatError } from "../errors.ts";

export interface ByteSource {
  /** What error messages call it. */
  readonly name: string;
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
  let fd: number;
  let size: number;
  try {
    if (statSync(path).isDirectory()) return openFile(join(path, "u0.npy"));
    // a pipe would block before it can be refused
    if (!statSync(path).isFile()) throw new FileFormatError(`${path}: got something that is not a regular file, expected a configuration file: copy it to a file first`);
    fd = openSync(path, "r");
    size = fstatSync(fd).size;
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`${path}: cannot be opened (${(error as Error).message.split(",")[0]}), expected a readable configuration file`);
  }
  return {
    name: path,
    size,
    read(at, into) {
      expectInside(path, size, at, into.length);
      for (let done = 0; done < into.length; ) {
        let n: number;
        try {
          n = readSync(fd, into, done, into.length - done, at + done);
        } catch (error) {
          throw new FileFormatError(`${path}: reading failed (${(error as Error).message.split(",")[0]})`);
        }
        if (n === 0) throw new FileFormatError(`${path}: ended at byte ${at + done}, expected ${into.length - done} bytes more: the file shrank while it was read`);
        done += n;
      }
    },
    sibling: (name) => openFile(join(dirname(path), name)),
    close: () => closeSync(fd),
  };
}

function memorySource(bytes: Uint8Array): ByteSource {
  const name = "bytes in memory";
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
  return text === undefined ? "nothing" : `"${text.trim().slice(0, length).replace(/[^\x20-\x7e]/g, "?")}"`;
}
