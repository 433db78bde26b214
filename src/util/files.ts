/** Files written so that no reader and no crash ever sees half of one. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Where a writer puts its bytes. */
export interface WriteTarget {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Replaces bytes written before. */
  overwrite(at: number, bytes: Uint8Array): void;
}

/** Writes a file in one piece: `writeFileAtomically` for data that are in memory. */
export function writeFileAtomic(file: string, data: Uint8Array | string): void {
  writeFileAtomically(file, (target) => target.write(typeof data === "string" ? Buffer.from(data) : data));
}

/**
 * Writes a file through `fill`: a temporary file in the same folder, fsync, rename, fsync of the folder.
 * @throws the operating system's error or that of `fill`; an older file is then unchanged.
 */
export function writeFileAtomically(file: string, fill: (target: WriteTarget) => void): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = openSync(temporary, "w");
    try {
      let end = 0;
      const put = (bytes: Uint8Array, at: number): void => {
        for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done, bytes.length - done, at + done);
      };
      fill({
        write: (bytes) => {
          put(bytes, end);
          end += bytes.length;
        },
        overwrite: (at, bytes) => put(bytes, at),
      });
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (process.platform !== "win32") syncFolder(dirname(file));
}

/** Makes the rename itself durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
