/** One checkpoint in one file: a container of the kind `checkpoint`. */
import { readContainer, writeContainer, guard, is } from "../../util/index.ts";

const KIND = { name: "checkpoint", version: 1 } as const;

/** Writes plain data (typed arrays included). @throws FileFormatError when the folder cannot be written or the disk is full; what stood at `file` stays. */
export function writeCheckpoint(file: string, state: unknown): void {
  guard("writeCheckpoint", { file: [file, is.text], state: [state, is.present] });
  writeContainer(file, KIND, state);
}

/** Reads and verifies a checkpoint. @throws FileFormatError for a file of another kind or version, a truncated, altered or undecodable one. */
export function readCheckpoint(file: string): unknown {
  guard("readCheckpoint", { file: [file, is.text] });
  return readContainer(file, KIND).data;
}
