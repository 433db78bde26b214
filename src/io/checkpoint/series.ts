/** The checkpoints of a run: `checkpoint.NNNNNNNN` in its folder, numbered by position; the newest two are kept, so that one of them is always whole. */
import { FileFormatError } from "../../errors.ts";
import { readCheckpoint, writeCheckpoint } from "./container.ts";
import { guard, is, joined, namesIn, removeFile } from "../../util/index.ts";

const NAME = /^checkpoint\.(\d{8,})$/;
const KEPT = 2;

/** File name of the checkpoint at a position. */
export function checkpointName(position: number): string {
  guard("checkpointName", { position: [position, is.natural] });
  return `checkpoint.${String(position).padStart(8, "0")}`;
}

/** Positions of the checkpoints in a folder, newest first. */
export function checkpointPositions(folder: string): number[] {
  guard("checkpointPositions", { folder: [folder, is.text] });
  return namesIn(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/** Writes a checkpoint and removes all but the newest two. @throws FileFormatError as `writeCheckpoint`; older checkpoints are then untouched. */
export function saveCheckpoint(folder: string, position: number, state: unknown): void {
  guard("saveCheckpoint", { folder: [folder, is.text], position: [position, is.natural] });
  writeCheckpoint(joined(folder, checkpointName(position)), state);
  for (const old of checkpointPositions(folder).filter((p) => p <= position).slice(KEPT)) removeFile(joined(folder, checkpointName(old)));
}

/** The newest checkpoint that is whole. */
export interface FoundCheckpoint {
  readonly position: number;
  readonly file: string;
  readonly state: unknown;
  /** Why newer ones were passed over, one sentence each. */
  readonly damaged: readonly string[];
}

/**
 * The newest whole checkpoint of a folder; undefined when there is none at all.
 * @throws FileFormatError when there are checkpoints and every one is damaged.
 */
export function latestCheckpoint(folder: string): FoundCheckpoint | undefined {
  guard("latestCheckpoint", { folder: [folder, is.text] });
  const damaged: string[] = [];
  for (const position of checkpointPositions(folder)) {
    const file = joined(folder, checkpointName(position));
    try {
      return { position, file, state: readCheckpoint(file), damaged };
    } catch (error) {
      damaged.push((error as Error).message);
    }
  }
  if (damaged.length === 0) return undefined;
  throw new FileFormatError(`${folder}: got ${damaged.length} damaged checkpoints (${damaged.join("; ")}), expected a whole one: restore one from a copy, or start again in a new folder`);
}
