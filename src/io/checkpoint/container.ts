/**
 * One checkpoint in one file: a container of the kind `checkpoint`. Version 2, which is written: behind the first line the length of the head (8 bytes, little endian), the head
 * (encoded plain data), and the values of fields, each group of them site by site in canonical order, little endian. The SHA-256 of the first line is that of length and head
 * and, for each group, of the exclusive or of the SHA-256 of all its sites (number of the site, 4 bytes, then its values): ranks add up what they have, in any order. Version 1
 * is one encoding of everything with its SHA-256.
 */
import { LiveValues, atOnce, forOwnSites } from "../../autograd/index.ts";
import { type Comm, selfComm } from "../../backend/index.ts";
import { FileFormatError } from "../../errors.ts";
import { type ContainerHeader, HEADER_MOST, closeFile, containerHeader, decoded, encoded, expectBytes, expectChecksum, guard, headerLine, is, openRegularFile, readContainer, readFully, sha256Hex } from "../../util/index.ts";
import { HOST_LITTLE, eachRun, pieceBuffer, realsOf } from "../stream.ts";
import { agreed, commOf, gatherNumbers, writeTogether } from "../together.ts";
import { SiteDigest, StoredValues, type Group, marked, unmarked } from "./fields.ts";

const NAME = "checkpoint";
const [PLAIN, SITES] = [1, 2];
const ZERO = "0".repeat(64);
/** Bytes of one piece, and of a head that is meant. */
const [PIECE, HEAD_MOST] = [1 << 20, 2 ** 31];

/**
 * Writes plain data (typed arrays included), and values of fields (`LiveValues`) on one lattice; those of a lattice that is divided over ranks are written by all of them, each its
 * own. Returns the rank of this process among them.
 * @throws FileFormatError when the folder cannot be written or the disk is full; what stood at `file` stays.
 */
export function writeCheckpoint(file: string, state: unknown): number {
  guard("writeCheckpoint", { file: [file, is.text], state: [state, is.present] });
  const groups: LiveValues[] = [];
  const own = encoded(file, () => marked(state, groups));
  const comm = groups[0] ? commOf(groups[0].lattice) : selfComm;
  // where fields stand is decided by one rank
  const [length] = gatherNumbers(comm, [own.length])[0]!;
  const head = lengthAnd(own);
  const bytes = groups.reduce((s, g) => s + bytesOf(g), 8 + length!);
  writeTogether(file, comm, (target) => {
    const line = (checksum: string): Uint8Array => headerLine({ name: NAME, version: SITES }, bytes, checksum);
    target.write(line(ZERO));
    target.reserve(8 + length!);
    target.overwrite(line(ZERO).length, head);
    const sums = groups.map((g) => joined(comm, writeGroup(comm, g, target.reserve(bytesOf(g)), target.put)));
    target.overwrite(0, line(sha256Hex([head, ...sums])));
  });
  return comm.rank;
}

const perSite = ({ components }: Group): number => components.reduce((s, n) => s + n, 0);
const bytesOf = (g: Group): number => 8 * perSite(g) * g.sites;

function lengthAnd(head: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + head.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true);
  out.set(head, 8);
  return out;
}

/** Puts the values of this rank's sites, and sums them up. */
function writeGroup(comm: Comm, group: LiveValues, start: number, put: (at: number, bytes: Uint8Array) => void): Uint8Array {
  const size = perSite(group);
  const most = atOnce(group.lattice, Math.max(1, Math.floor(PIECE / (8 * size))));
  const buffer = pieceBuffer(8 * size * most);
  const digest = new SiteDigest(8 * size);
  agreed(comm, () =>
    forOwnSites(group.lattice, most, (sites) => {
      const bytes = buffer.subarray(0, 8 * size * sites.length);
      group.read(sites, new Float64Array(buffer.buffer, 0, size * sites.length));
      if (!HOST_LITTLE) realsOf(bytes, 64, true);
      digest.add(sites, bytes);
      eachRun(sites, (k, first, count) => put(start + 8 * size * first, bytes.subarray(8 * size * k, 8 * size * (k + count))));
    }),
  );
  return digest.sum;
}

/** The sum of all ranks. Collective. */
function joined(comm: Comm, own: Uint8Array): Uint8Array {
  if (comm.size === 1) return own;
  const sum = new Uint8Array(own.length);
  for (const of of gatherNumbers(comm, [...own])) of.forEach((x, k) => (sum[k]! ^= x));
  return sum;
}

/** Reads and verifies a checkpoint; values of fields come as canonical arrays. @throws FileFormatError for a file of another kind or version, a truncated, altered or undecodable one. */
export function readCheckpoint(file: string): unknown {
  guard("readCheckpoint", { file: [file, is.text] });
  return openCheckpoint(file, selfComm);
}

/**
 * As `readCheckpoint`; by several ranks together, each of which verifies a part of the file: values of fields then come as `SiteValues`, which read from the file what they are
 * asked for (of older files as arrays). Collective. @throws FileFormatError on all ranks what one of them finds.
 */
export function openCheckpoint(file: string, comm: Comm): unknown {
  guard("openCheckpoint", { file: [file, is.text], comm: [comm, is.withMethods("a group of ranks", "sum", "broadcast")] });
  const { header, plain, head = new Uint8Array(0), state, groups = [] } = agreed(comm, () => opened(file));
  if (plain !== undefined) return plain;
  const sums = agreed(comm, () => groups.map((g) => g.digest(comm.rank, comm.size))).map((sum) => joined(comm, sum));
  expectChecksum(file, sha256Hex([head, ...sums]), header);
  return unmarked(state, groups, comm.size > 1);
}

interface Opened {
  readonly header: ContainerHeader;
  /** All of an older file. */
  readonly plain?: unknown;
  /** Length and head as they stand in the file, the data with marks, and the values that these stand for. */
  readonly head?: Uint8Array;
  readonly state?: unknown;
  readonly groups?: StoredValues[];
}

/** The first line and the head, with what they say of the size. */
function opened(file: string): Opened {
  const { handle, size } = openRegularFile(file, "a checkpoint file");
  const bytes = (at: number, length: number): Uint8Array => {
    const out = new Uint8Array(length);
    readFully(file, handle, at, out);
    return out;
  };
  try {
    const header = containerHeader(file, String.fromCharCode(...bytes(0, Math.min(size, HEADER_MOST))), NAME, [PLAIN, SITES]);
    expectBytes(file, size - header.length, header);
    if (header.version === PLAIN) return { header, plain: readContainer(file, { name: NAME, version: PLAIN }).data };
    const length = header.bytes < 8 ? 0 : Number(new DataView(bytes(header.length, 8).buffer).getBigUint64(0, true));
    if (!(header.bytes >= 8 && length <= Math.min(header.bytes - 8, HEAD_MOST))) throw new FileFormatError(`${file}: got a head of ${length} bytes in ${header.bytes}, expected less: the file is damaged, copy it again`);
    const head = bytes(header.length, 8 + length);
    // a damaged head may say anything
    const state = decoded(file, head.subarray(8), NAME);
    const groups: StoredValues[] = [];
    let at = header.length + head.length;
    unmarked(state, undefined, true, (group) => {
      groups.push(new StoredValues(file, at, group));
      at += bytesOf(group);
    });
    if (at !== size) throw new FileFormatError(`${file}: got ${size - header.length - head.length} bytes of fields, expected ${at - header.length - head.length}: the file is damaged, copy it again`);
    return { header, head, state, groups };
  } finally {
    closeFile(handle);
  }
}
