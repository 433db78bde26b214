/** Files that the ranks of a divided lattice write and read together, each its own part; what goes wrong on one of them is said to all. */
import { type Comm, selfComm } from "../backend/index.ts";
import type { Lattice } from "../autograd/index.ts";
import { GaugegradError } from "../errors.ts";
import { type Draft, type WriteTarget, beginDraft, joinDraft, writeFailure, writeFileAtomically } from "../util/index.ts";

/** The ranks that a lattice is divided over; of others one. */
export function commOf({ engine }: Lattice): Comm {
  return engine.part?.comm ?? selfComm;
}

/** The text of one rank for all. */
export function tellText(comm: Comm, text: string, root: number): string {
  const own = new TextEncoder().encode(text);
  const length = Float64Array.of(own.length);
  comm.broadcast(new Uint8Array(length.buffer), root);
  const bytes = comm.rank === root ? own : new Uint8Array(length[0]!);
  comm.broadcast(bytes, root);
  return new TextDecoder().decode(bytes);
}

/** Numbers of every rank, in their order. */
export function gatherNumbers(comm: Comm, own: readonly number[]): number[][] {
  const all = new Float64Array(comm.size * own.length);
  all.set(own, comm.rank * own.length);
  comm.sum(all);
  return Array.from({ length: comm.size }, (_, r) => [...all.subarray(r * own.length, (r + 1) * own.length)]);
}

/** What f gives on this rank. Collective at its end: @throws on all ranks the error of the lowest rank that has one. */
export function agreed<T>(comm: Comm, f: () => T): T {
  if (comm.size === 1) return f();
  let [result, failure]: [T | undefined, unknown] = [undefined, undefined];
  try {
    result = f();
  } catch (error) {
    failure = error;
  }
  const failed = Float64Array.of(failure === undefined ? 0 : comm.size - comm.rank);
  comm.max(failed);
  if (failed[0] === 0) return result as T;
  const root = comm.size - failed[0]!;
  const { code = "E_RANK", exitCode = 1, message = "" } = (failure ?? {}) as Partial<GaugegradError>;
  const told = JSON.parse(tellText(comm, JSON.stringify({ code, exitCode, message: root === 0 ? message : `rank ${root} of ${comm.size}: ${message}` }), root)) as { code: string; exitCode: number; message: string };
  throw root === 0 && comm.rank === 0 ? failure : new GaugegradError(told.code, told.message, told.exitCode);
}

/**
 * As `writeFileAtomically`: rank 0 begins and ends the file, the others put what is theirs, and it gets its name when all have it on the disk. `fill` is gone through by all to its
 * end, as ranks meet in it.
 * @throws on every rank what was thrown on one; the file that was there stands, and nothing else is left.
 */
export function writeTogether(file: string, comm: Comm, fill: (target: WriteTarget) => void): void {
  if (comm.size === 1) return writeFileAtomically(file, fill);
  const named = <T>(f: () => T): T => {
    try {
      return f();
    } catch (error) {
      throw writeFailure(file, error);
    }
  };
  let draft: Draft | undefined;
  try {
    agreed(comm, () => void (comm.rank === 0 && (draft = beginDraft(file))));
    const temporary = tellText(comm, draft?.temporary ?? "", 0);
    const { target, close, keep } = agreed(comm, () => (draft ??= joinDraft(file, temporary)));
    let failure: unknown;
    const attempt = (write: () => void): void => {
      try {
        if (failure === undefined) write();
      } catch (error) {
        failure = error;
      }
    };
    fill({ write: (bytes) => attempt(() => target.write(bytes)), overwrite: (at, bytes) => attempt(() => target.overwrite(at, bytes)), reserve: (bytes) => target.reserve(bytes), put: (at, bytes) => attempt(() => target.put(at, bytes)) });
    agreed(comm, () => named(() => {
      if (failure !== undefined) throw failure;
      close();
    }));
    agreed(comm, () => named(keep));
  } catch (error) {
    draft?.drop();
    throw error;
  }
}
