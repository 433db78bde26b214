/** Files that appear complete or not at all: temporary file, fsync, rename, fsync of the folder. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileFormatError } from "../errors.ts";

/** Where a writer puts its bytes. */
export interface WriteTarget {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Replaces bytes written before. */
  overwrite(at: number, bytes: Uint8Array): void;
}

/**
 * Writes a file through `fill`; when anything fails, what stood at `path` before still stands there.
 * @throws FileFormatError when the folder is not there or cannot be written, or the disk is full.
 */
export function writeAtomically(path: string, fill: (target: WriteTarget) => void): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  let fd: number | undefined;
  try {
    const file = openSync(temporary, "wx");
    fd = file;
    const put = (bytes: Uint8Array, at: number | null): void => {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at === null ? null : at + done);
    };
    fill({ write: (bytes) => put(bytes, null), overwrite: (at, bytes) => put(bytes, at) });
    fsyncSync(file);
    closeSync(file);
    fd = undefined;
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code === undefined || error instanceof FileFormatError) throw error;
    throw new FileFormatError(`${path}: cannot be written (${(error as Error).message.split(",")[0]}), expected a folder with room that may be written to`);
  }
}

/** Makes a rename last through a crash; folders cannot be synced on every platform. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
