/** The checkpoints of a run: `checkpoint.NNNNNNNN` in its folder, numbered by position; the newest two are kept, so that one of them is always whole. */
import { FileFormatError } from "../../errors.ts";
import { type Comm, selfComm } from "../../backend/index.ts";
import { agreed, tellText } from "../together.ts";
import { openCheckpoint, writeCheckpoint } from "./container.ts";
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

/**
 * Writes a checkpoint and removes all but the newest two; by all ranks where it holds values of fields on a divided lattice.
 * @throws FileFormatError as `writeCheckpoint`; older checkpoints are then untouched.
 */
export function saveCheckpoint(folder: string, position: number, state: unknown): void {
  guard("saveCheckpoint", { folder: [folder, is.text], position: [position, is.natural] });
  const rank = writeCheckpoint(joined(folder, checkpointName(position)), state);
  if (rank === 0) for (const old of checkpointPositions(folder).filter((p) => p <= position).slice(KEPT)) removeFile(joined(folder, checkpointName(old)));
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
 * The newest whole checkpoint of a folder; undefined when there is none at all. With several ranks they look together, each verifies a part of the file, and values of fields come as
 * `SiteValues`, from which each takes its own.
 * @throws FileFormatError when there are checkpoints and every one is damaged.
 */
export function latestCheckpoint(folder: string, comm: Comm = selfComm): FoundCheckpoint | undefined {
  guard("latestCheckpoint", { folder: [folder, is.text], comm: [comm, is.withMethods("a group of ranks", "sum", "broadcast")] });
  const damaged: string[] = [];
  // the folder as one rank sees it
  const positions = agreed(comm, () => (comm.rank === 0 ? checkpointPositions(folder) : []));
  for (const position of comm.size === 1 ? positions : (JSON.parse(tellText(comm, JSON.stringify(positions), 0)) as number[])) {
    const file = joined(folder, checkpointName(position));
    try {
      return { position, file, state: openCheckpoint(file, comm), damaged };
    } catch (error) {
      damaged.push((error as Error).message);
    }
  }
  if (damaged.length === 0) return undefined;
  throw new FileFormatError(`${folder}: got ${damaged.length} damaged checkpoints (${damaged.join("; ")}), expected a whole one: restore one from a copy, or start again in a new folder`);
}
