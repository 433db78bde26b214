/** Files of this room appear complete or not at all, and failures are errors of files. */
import { FileFormatError } from "../errors.ts";
import { type WriteTarget, writeFileAtomically } from "../util/index.ts";

/**
 * Writes a file through `fill`; when anything fails, what stood at `path` before still stands there.
 * @throws FileFormatError when the folder is not there or cannot be written, or the disk is full.
 */
export function writeAtomically(path: string, fill: (target: WriteTarget) => void): void {
  try {
    writeFileAtomically(path, fill);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new FileFormatError(`${path}: cannot be written (${(error as Error).message.split(",")[0]}), expected a folder with room that may be written to`);
  }
}
