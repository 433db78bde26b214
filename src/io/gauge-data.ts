/** What all formats have in common: the header's facts, and a stream of links. */
import { FileFormatError } from "../errors.ts";
import type { Lattice, LinkField } from "../autograd/index.ts";
import type { WriteTarget } from "../util/index.ts";
import type { Hdf5 } from "./hdf5-library.ts";
import type { Provenance } from "./provenance.ts";
import type { ByteSource } from "./source.ts";

/** Bits of each stored real. */
export type Precision = 32 | 64;

/** Outcome of one check: what the file says and what its links say agree, disagree, or the file says nothing. */
export type CheckResult = "ok" | "mismatch" | "absent";

/**
 * Takes the links of direction mu at the given lexicographic sites: matrix k starts at data[offset + k * stride], row by row, (re, im).
 * The array is reused for the next piece.
 */
export type LinkSink = (mu: number, sites: Int32Array, data: Float64Array, offset: number, stride: number) => void;

/** A number that the file stores, and how well it can agree. */
export interface StoredNumber {
  readonly value: number;
  readonly tolerance: number;
  /** What a known defect of a writer made of the number, and what to say when that is what agrees. */
  readonly known?: { readonly value: number; readonly text: string };
}

/** A configuration file after its header has been read and checked against the file's size. */
export interface GaugeData {
  /** Name of the format, or of its variant. */
  readonly format: string;
  /** Lx, Ly, Lz, Lt; in D dimensions the first D - 1 and Lt. */
  readonly extents: readonly number[];
  readonly N: number;
  readonly precision: Precision;
  readonly header: Readonly<Record<string, string>>;
  /** Where the links come from, as far as the file says. */
  readonly provenance?: Provenance;
  readonly warnings: readonly string[];
  /** Stored mean of Re tr P / N over all plaquettes. */
  readonly plaquette?: StoredNumber;
  /** Stored mean of Re tr U / N over all links. */
  readonly linkTrace?: StoredNumber;
  /** The last row of each matrix was not stored. */
  readonly rebuilt?: boolean;
  /**
   * Streams all links once, in bounded pieces; the result is the checksum's outcome with a text for messages. Of the lattice that they are for, where that is divided over
   * ranks, it may leave out the sites of other ranks.
   */
  readonly stream: (sink: LinkSink, lattice?: Lattice) => { readonly checksum: CheckResult; readonly detail: string };
}

/** What the caller knows about a file that does not say it itself, and what he expects. */
export interface OpenOptions {
  /** Extents, for headerless formats. */
  readonly extents?: readonly number[] | undefined;
  readonly N?: number | undefined;
  /** Order of the axes of an array: `mu-first`, ..., or all axes (axes.ts). */
  readonly order?: string | undefined;
  /** Names of the datasets of links in an HDF5 file: one, or one a direction. */
  readonly datasets?: readonly string[] | undefined;
  /** The reader of HDF5 files, once loaded. */
  readonly hdf5?: Hdf5 | undefined;
  /** The formats that are tried, in their order; default those of this package. */
  readonly formats?: readonly GaugeFormat[] | undefined;
  /** Contradictions become warnings where the links can still be read. */
  readonly allowMismatch?: boolean | undefined;
}

/** What a writer may store beside the links. */
export interface WriteFacts {
  readonly precision: Precision;
  readonly provenance: Provenance;
  /** Means of the links before rounding, computed when a format stores them. */
  readonly means: () => { readonly plaquette: number; readonly linkTrace: number };
}

/** How a format is written. */
export interface GaugeWriter {
  /** Bits of each real that the format can have; the first is the default. */
  readonly precisions: readonly Precision[];
  /** Endings of file names that stand for the format. */
  readonly extensions: readonly string[];
  /** Any dimension of the lattice, or four only. */
  readonly anyDimension?: boolean;
  /** U(1) links have a place in the format. */
  readonly u1: boolean;
  /** Keeps where the links come from: all of it, the date, or nothing. */
  readonly keeps: "provenance" | "date" | "nothing";
  write(target: WriteTarget, U: LinkField, facts: WriteFacts): void;
}

/** One file format: everything that the program knows of it stands in its entry, and `formats.ts` lists the entries. */
export interface GaugeFormat {
  readonly name: string;
  /** What users call it. */
  readonly title: string;
  /** Where it is defined. */
  readonly cite: readonly string[];
  /** Options of the reader, by their names in `ReadOptions`: what they say for this format. */
  readonly options?: Readonly<Partial<Record<"lattice" | "group" | "order" | "dataset", string>>>;
  /** Decides from the beginning and the size of the file, never from its name. */
  matches(source: ByteSource, head: Buffer, options: OpenOptions): boolean;
  open(source: ByteSource, options: OpenOptions): GaugeData;
  /** Absent: read only. */
  readonly writer?: GaugeWriter;
}

/** Largest matrices that are accepted: a deduced N beyond is a damaged header. */
export const MAX_N = 12;
const MAX_EXTENT = 65536;

/** `4x4x4x8`. */
export function extentsText(extents: readonly number[]): string {
  return extents.join("x");
}

/** Checks extents from a header. @throws FileFormatError for anything but positive integers of a sensible size. */
export function checkExtents(source: ByteSource, extents: readonly number[]): readonly number[] {
  const bad = extents.find((L) => !Number.isInteger(L) || L < 1 || L > MAX_EXTENT);
  if (bad !== undefined) throw new FileFormatError(`${source.name}: got the lattice ${extentsText(extents)}, expected extents from 1 to ${MAX_EXTENT}: the header is damaged`);
  // every format stores at least 16 bytes a site; a larger volume cannot be meant
  if (volumeOf(extents) > source.size / 2) throw new FileFormatError(`${source.name}: got the lattice ${extentsText(extents)} in a file of ${source.size} bytes, expected a larger file: it is truncated or its header is damaged`);
  return extents;
}

export function volumeOf(extents: readonly number[]): number {
  return extents.reduce((v, L) => v * L, 1);
}

/** Bytes of the links of a lattice. */
export function linkBytes(extents: readonly number[], N: number, precision: Precision, rows = N): number {
  return (volumeOf(extents) * extents.length * rows * N * 2 * precision) / 8;
}

/** N from the number of bytes of full matrices. @throws FileFormatError when no N from 1 to 12 fits, or another one was announced. */
export function deduceN(source: ByteSource, extents: readonly number[], precision: Precision, bytes: number, announced?: number): number {
  const N = Math.round(Math.sqrt(bytes / linkBytes(extents, 1, precision)));
  const fits = N >= 1 && N <= MAX_N && linkBytes(extents, N, precision) === bytes;
  if (!fits || (announced !== undefined && announced !== N)) {
    const expected = announced === undefined ? "V x D x 2 N^2 reals" : `${linkBytes(extents, announced, precision)} bytes for N = ${announced}`;
    throw new FileFormatError(`${source.name}: got ${bytes} bytes of links for ${extentsText(extents)} in ${precision} bits${fits ? ` (N = ${N})` : ""}, expected ${expected}: the file is truncated, has trailing data, or its header is wrong`);
  }
  return N;
}

/**
 * Compares the bytes after a header with what the header announces. Missing bytes are an error; surplus ones too, unless contradictions
 * are allowed.
 */
export function expectDataBytes(source: ByteSource, at: number, expected: number, options: OpenOptions, warnings: string[]): void {
  const got = source.size - at;
  if (got < expected) throw new FileFormatError(`${source.name}: truncated: got ${got} bytes of links, expected ${expected}`);
  if (got === expected) return;
  const text = `${got - expected} bytes of trailing data after ${expected} bytes of links`;
  if (!options.allowMismatch) throw new FileFormatError(`${source.name}: got ${text}, expected the end of the file: the header or the file is damaged; allow mismatches to read it all the same`);
  warnings.push(text);
}

/** A choice of lattice, N and precision for data without a header. */
export interface Shape {
  readonly extents: readonly number[];
  readonly N: number;
  readonly precision: Precision;
}

/**
 * Shapes that fit a number of bytes of full matrices in four dimensions (or the extents given): hypercubes L^4 without extents. The first ones are
 * the likeliest: SU(N) with small N before U(1).
 */
export function possibleShapes(bytes: number, precisions: readonly Precision[], options: OpenOptions): Shape[] {
  const lattices = options.extents ? [options.extents] : Array.from({ length: 64 }, (_, k) => [k + 1, k + 1, k + 1, k + 1]);
  const found = lattices.flatMap((extents) =>
    precisions.flatMap((precision) => {
      const N = Math.round(Math.sqrt(bytes / linkBytes(extents, 1, precision)));
      const ok = N >= 1 && N <= MAX_N && linkBytes(extents, N, precision) === bytes && (options.N === undefined || options.N === N);
      return ok ? [{ extents, N, precision }] : [];
    }),
  );
  return found.sort((a, b) => (a.N === 1 ? 99 : a.N) - (b.N === 1 ? 99 : b.N));
}
