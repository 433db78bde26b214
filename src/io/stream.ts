/**
 * The common order of links: sites x fastest, then y, z, t; at every site mu = x, y, z, t; matrices row by row, (re, im). Streams files in
 * bounded pieces into fields, and fields into files.
 */
import { type Lattice, type LinkField, forOwnSites } from "../autograd/index.ts";
import { selfComm } from "../backend/index.ts";
import { FileFormatError } from "../errors.ts";
import { completeLastRow } from "../gauge/index.ts";
import { type RunningChecksum, joinChecksum } from "./checksums.ts";
import { type LinkSink, type Precision, volumeOf } from "./gauge-data.ts";
import type { ByteSource } from "./source.ts";
import { agreed, commOf } from "./together.ts";
import { Buffer, type WriteTarget } from "../util/index.ts";

/** Bytes of one piece. */
const PIECE = 1 << 20;
/** This machine stores the lowest byte first. */
export const HOST_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Where the links of a file stand and how. */
export interface CommonOrder {
  readonly source: ByteSource;
  /** First byte of the links. */
  readonly at: number;
  readonly extents: readonly number[];
  readonly N: number;
  readonly precision: Precision;
  readonly littleEndian: boolean;
  /** Rows stored of each matrix: N or N - 1. */
  readonly rows?: number;
  readonly checksum?: RunningChecksum;
}

/** Reals of a piece of bytes in the file's byte order; exchanges bytes in place. */
export function realsOf(bytes: Buffer, precision: Precision, littleEndian: boolean): Float64Array | Float32Array {
  if (littleEndian !== HOST_LITTLE) {
    if (precision === 64) bytes.swap64();
    else bytes.swap32();
  }
  return precision === 64 ? new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8) : new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** Memory of its own, aligned for reals. */
export function pieceBuffer(length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length));
}

/** Calls f for each run of consecutive sites: its first place in the list, its first site, and how many there are. */
export function eachRun(sites: Int32Array, f: (place: number, site: number, count: number) => void): void {
  for (let from = 0, k = 1; k <= sites.length; k++)
    if (k === sites.length || sites[k] !== sites[k - 1]! + 1) {
      f(from, sites[from]!, k - from);
      from = k;
    }
}

/** All sites of a file, or those of this rank of the lattice that the links are for, at most `most` at a time. */
function forSites(volume: number, lattice: Lattice | undefined, most: number, f: (sites: Int32Array) => void): void {
  if (lattice && commOf(lattice).size > 1) return forOwnSites(lattice, most, f);
  for (let first = 0; first < volume; first += most) f(Int32Array.from({ length: Math.min(most, volume - first) }, (_, k) => first + k));
}

/** Streams the links to `sink`: all of them, or those of this rank of `lattice`; then the checksum is that of all ranks. */
export function streamLinks(order: CommonOrder, sink: LinkSink, lattice?: Lattice): void {
  const { source, extents, N, precision, checksum } = order;
  const rows = order.rows ?? N;
  const [V, D] = [volumeOf(extents), extents.length];
  const [matrix, stored] = [2 * N * N, 2 * rows * N];
  const bytesPerSite = (D * stored * precision) / 8;
  const piece = Math.max(1, Math.min(V, Math.floor(PIECE / bytesPerSite)));
  const buffer = pieceBuffer(piece * bytesPerSite);
  const links = new Float64Array(piece * D * matrix);
  const comm = lattice ? commOf(lattice) : selfComm;
  agreed(comm, () =>
    forSites(V, lattice, piece, (sites) => {
      const bytes = buffer.subarray(0, sites.length * bytesPerSite);
      eachRun(sites, (k, first, count) => {
        const run = bytes.subarray(k * bytesPerSite, (k + count) * bytesPerSite);
        source.read(order.at + first * bytesPerSite, run);
        checksum?.bytes?.(run, first, bytesPerSite);
      });
      const reals = realsOf(bytes, precision, order.littleEndian);
      eachRun(sites, (k, first, count) => checksum?.words?.(new Uint32Array(buffer.buffer, k * bytesPerSite, (count * bytesPerSite) / 4), (first * bytesPerSite) / 4));
      if (rows === N) links.set(reals);
      else for (let k = 0; k < sites.length * D; k++) rebuildLastRow(reals, k * stored, N, links, k * matrix);
      for (let mu = 0; mu < D; mu++) sink(mu, sites, links, mu * matrix, D * matrix);
    }),
  );
  if (checksum) joinChecksum(comm, checksum);
}

/** Full SU(N) matrix from its first N - 1 rows. SU(3): row 3 = conj(row 1 x row 2); SU(2): (a, b), (-b*, a*); other N: cofactors. */
function rebuildLastRow(from: ArrayLike<number>, at: number, N: number, out: Float64Array, to: number): void {
  const n = 2 * N * (N - 1);
  for (let k = 0; k < n; k++) out[to + k] = from[at + k]!;
  if (N === 2) {
    out[to + 4] = -out[to + 2]!;
    out[to + 5] = out[to + 3]!;
    out[to + 6] = out[to]!;
    out[to + 7] = -out[to + 1]!;
    return;
  }
  if (N !== 3) return completeLastRow(out, to, N);
  for (let c = 0; c < 3; c++) {
    const [i, j] = [2 * ((c + 1) % 3), 2 * ((c + 2) % 3)];
    const [ar, ai, br, bi] = [out[to + i]!, out[to + i + 1]!, out[to + 6 + j]!, out[to + 7 + j]!];
    const [cr, ci, dr, di] = [out[to + j]!, out[to + j + 1]!, out[to + 6 + i]!, out[to + 7 + i]!];
    out[to + 12 + 2 * c] = ar * br - ai * bi - (cr * dr - ci * di);
    out[to + 13 + 2 * c] = -(ar * bi + ai * br - (cr * di + ci * dr));
  }
}

/** The first reals of a data section, to tell a byte order that the header does not state. */
export function firstReals(source: ByteSource, at: number, precision: Precision, littleEndian: boolean, count = 256): ArrayLike<number> {
  const n = Math.min(count, Math.floor(((source.size - at) * 8) / precision));
  const bytes = pieceBuffer((n * precision) / 8);
  source.read(at, bytes);
  return realsOf(bytes, precision, littleEndian);
}

/** True when all reals are finite and at most `bound` in modulus. */
export function plausible(reals: ArrayLike<number>, bound: number): boolean {
  for (let k = 0; k < reals.length; k++) if (!(Math.abs(reals[k]!) <= bound)) return false;
  return true;
}

/** True when the first N x N matrix of the reals is unitary to 1e-3. */
export function startsUnitary(reals: ArrayLike<number>, N: number): boolean {
  if (reals.length < 2 * N * N) return false;
  for (let i = 0; i < N; i++)
    for (let j = 0; j <= i; j++) {
      let [re, im] = [i === j ? -1 : 0, 0];
      for (let k = 0; k < N; k++) {
        const [a, b] = [2 * (i * N + k), 2 * (j * N + k)];
        re += reals[a]! * reals[b]! + reals[a + 1]! * reals[b + 1]!;
        im += reals[a + 1]! * reals[b]! - reals[a]! * reals[b + 1]!;
      }
      if (!(Math.abs(re) + Math.abs(im) < 1e-3)) return false;
    }
  return true;
}

/** How links are written in the common order. */
interface PieceOptions {
  readonly precision: Precision;
  readonly littleEndian: boolean;
  readonly checksum?: RunningChecksum;
}

/** Links on lists of sites as bytes in the common order. */
class Pieces {
  readonly bytesPerSite: number;
  /** Sites of a list. */
  readonly most: number;
  readonly #U: LinkField;
  readonly #options: PieceOptions;
  readonly #links: Float64Array;
  readonly #buffer: Buffer;

  constructor(U: LinkField, options: PieceOptions) {
    const perSite = U.lattice.dim * 2 * U.N * U.N;
    this.#U = U;
    this.#options = options;
    this.bytesPerSite = (perSite * options.precision) / 8;
    this.most = Math.max(1, Math.min(U.lattice.volume, Math.floor(PIECE / this.bytesPerSite)));
    this.#links = new Float64Array(this.most * perSite);
    this.#buffer = pieceBuffer(this.most * this.bytesPerSite);
  }

  /** The bytes of these sites; `own`: they are of this rank. */
  at(sites: Int32Array, own: boolean): Buffer {
    const { precision, littleEndian, checksum } = this.#options;
    const { bytesPerSite } = this;
    const { N, fields, lattice: { dim } } = this.#U;
    const matrix = 2 * N * N;
    fields.forEach((f, mu) => f[own ? "readOwnSites" : "readSites"](sites, this.#links, mu * matrix, dim * matrix));
    const reals = this.#links.subarray(0, sites.length * dim * matrix);
    if (!plausible(reals, 1e30)) throw new FileFormatError(`links at sites ${sites[0]} to ${sites.at(-1)} are not finite, expected finite numbers: nothing was written`);
    const { buffer } = this.#buffer;
    const bytes = this.#buffer.subarray(0, sites.length * bytesPerSite);
    if (precision === 64) new Float64Array(buffer, 0, reals.length).set(reals);
    else new Float32Array(buffer, 0, reals.length).set(reals);
    eachRun(sites, (k, first, count) => checksum?.words?.(new Uint32Array(buffer, k * bytesPerSite, (count * bytesPerSite) / 4), (first * bytesPerSite) / 4));
    // the exchange of bytes is its own inverse
    realsOf(bytes, precision, littleEndian);
    eachRun(sites, (k, first, count) => checksum?.bytes?.(bytes.subarray(k * bytesPerSite, (k + count) * bytesPerSite), first, bytesPerSite));
    return bytes;
  }
}

/** Appends the links in the common order; each rank of a divided lattice puts its own, and the checksum is that of all. */
export function writeLinks(target: WriteTarget, U: LinkField, options: PieceOptions): void {
  const { lattice } = U;
  const comm = commOf(lattice);
  const pieces = new Pieces(U, options);
  const { bytesPerSite } = pieces;
  const start = target.reserve(lattice.volume * bytesPerSite);
  agreed(comm, () =>
    forOwnSites(lattice, pieces.most, (sites) => {
      const bytes = pieces.at(sites, true);
      eachRun(sites, (k, first, count) => target.put(start + first * bytesPerSite, bytes.subarray(k * bytesPerSite, (k + count) * bytesPerSite)));
    }),
  );
  if (options.checksum) joinChecksum(comm, options.checksum);
}

/** The links as pieces of bytes in the common order, for formats whose numbers have no place of their own. Every rank of a divided lattice gets all of them in turn. */
export function forEachPiece(U: LinkField, options: PieceOptions, write: (bytes: Buffer) => void): void {
  const pieces = new Pieces(U, options);
  forSites(U.lattice.volume, undefined, pieces.most, (sites) => write(pieces.at(sites, false)));
}

/** Records of several double-precision matrices each, in an order of their own. */
export interface RecordOrder {
  readonly source: ByteSource;
  readonly at: number;
  readonly N: number;
  readonly littleEndian: boolean;
  /** Number of records. */
  readonly records: number;
  /** Direction of each matrix of a record. */
  readonly directions: readonly number[];
  /** SU(2) as four reals, the quaternion of U = [[q0 + i q3, -q2 + i q1], [q2 + i q1, q0 - i q3]]. */
  readonly quaternions?: boolean;
  /** Lexicographic site of a matrix. */
  readonly site: (record: number, matrix: number) => number;
}

/** Streams records to `sink`. */
export function streamRecords(order: RecordOrder, sink: LinkSink): void {
  const matrix = 2 * order.N * order.N;
  const stored = order.quaternions ? 4 : matrix;
  const perRecord = order.directions.length * stored;
  const piece = Math.max(1, Math.min(order.records, Math.floor(PIECE / (8 * perRecord))));
  const buffer = pieceBuffer(8 * piece * perRecord);
  const sites = new Int32Array(piece);
  for (let first = 0; first < order.records; first += piece) {
    const count = Math.min(piece, order.records - first);
    const bytes = buffer.subarray(0, 8 * count * perRecord);
    order.source.read(order.at + 8 * first * perRecord, bytes);
    const reals = realsOf(bytes, 64, order.littleEndian) as Float64Array;
    const links = order.quaternions ? fromQuaternions(reals) : reals;
    order.directions.forEach((mu, m) => {
      for (let k = 0; k < count; k++) sites[k] = order.site(first + k, m);
      sink(mu, sites.subarray(0, count), links, m * matrix, order.directions.length * matrix);
    });
  }
}

/** 2 x 2 matrices from quaternions. */
function fromQuaternions(q: Float64Array): Float64Array {
  const out = new Float64Array(2 * q.length);
  for (let k = 0; k < q.length; k += 4) {
    const [a, b, c, d] = [q[k]!, q[k + 1]!, q[k + 2]!, q[k + 3]!];
    out.set([a, d, -c, b, c, b, a, -d], 2 * k);
  }
  return out;
}
