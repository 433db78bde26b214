/** Memory that the ranks of one machine share: a file in memory, which has no name any more once all have opened it, so that nothing is left of it whichever way they end. */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import type { Comm } from "../comm.ts";
import { NearRanks, type NearOptions, type SharedBytes, reserveBoard } from "../near.ts";
import type { MpiLibrary } from "./abi.ts";

/** Where Linux has files that are memory. */
const FOLDER = "/dev/shm";
/** Bytes of a name, and of one piece of zeros. */
const [NAME, ZEROS] = [64, 1 << 16];

function sharedBytes(file: number, map: MpiLibrary["map"]): SharedBytes {
  const zeros = new Uint8Array(ZEROS);
  return {
    reserve(at, bytes) {
      try {
        // memory that a file has got by writing is there; what is only mapped the system may not have when it is touched
        for (let k = 0; k < bytes; k += ZEROS) if (writeSync(file, zeros, 0, Math.min(ZEROS, bytes - k), at + k) < Math.min(ZEROS, bytes - k)) return false;
        return true;
      } catch {
        return false;
      }
    },
    map: (at, bytes) => map(file, at, bytes),
  };
}

/** What `act` returns; undefined where the system refuses. */
function allowed<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

export interface SharingOptions {
  readonly map: MpiLibrary["map"];
  /** Does this rank want it? */
  readonly wanted: boolean;
  readonly until: NearOptions["until"];
}

/**
 * The ranks of `node`, the group of those that may share memory, by their ranks in `all`. Undefined, on all of them, when there is one alone, one does not want it, or the system
 * refuses the memory to one. Collective in `node`.
 */
export function shareMemory(all: Comm, node: Comm, { map, wanted, until }: SharingOptions): NearRanks | undefined {
  if (node.size === 1) return undefined;
  const members = new Float64Array(node.size);
  members[node.rank] = all.rank;
  node.sum(members);
  const name = new Uint8Array(NAME);
  let file: number | undefined;
  let path = "";
  if (node.rank === 0 && wanted) {
    path = `${FOLDER}/gaugegrad-${randomBytes(12).toString("hex")}`;
    file = allowed(() => openSync(path, "wx+", 0o600));
    if (file !== undefined) new TextEncoder().encodeInto(path, name);
  }
  node.broadcast(name, 0);
  if (node.rank > 0 && wanted) file = allowed(() => openSync(new TextDecoder().decode(name).replace(/\0+$/, ""), "r+"));
  const agreed = (yes: boolean): boolean => {
    const failed = Float64Array.of(yes ? 0 : 1);
    node.max(failed);
    return failed[0] === 0;
  };
  const bytes = file === undefined ? undefined : sharedBytes(file, map);
  const open = agreed(bytes !== undefined && (node.rank > 0 || reserveBoard(bytes, node.size)));
  if (node.rank === 0 && file !== undefined) allowed(() => unlinkSync(path));
  const near = open ? allowed(() => new NearRanks({ bytes: bytes!, rank: all.rank, members: [...members], until })) : undefined;
  if (agreed(near !== undefined)) return near;
  if (file !== undefined) closeSync(file);
  return undefined;
}
