/**
 * NumPy arrays. One file: complex64 or complex128 in C order with shape [Lt, Lz, Ly, Lx, D, N, N] (D extents, slowest first), which is the common order. A folder: one
 * array a direction, u0.npy, u1.npy, ..., complex in Fortran order with shape [row, column, x, y, z, t].
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { type GaugeData, type GaugeFormat, type LinkSink, type OpenOptions, type Precision, type WriteFacts, checkExtents, expectDataBytes, linkBytes, volumeOf } from "./gauge-data.ts";
import { type ByteSource, peek, quoted } from "./source.ts";
import { forEachPiece, pieceBuffer, realsOf, streamLinks } from "./stream.ts";
import type { WriteTarget } from "../util/index.ts";

const MAX_HEADER = 1 << 16;
const PIECE = 1 << 20;

interface NpyHeader {
  /** First byte of the data. */
  readonly at: number;
  readonly precision: Precision;
  readonly littleEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly text: string;
}

function readHeader(source: ByteSource): NpyHeader {
  const start = peek(source, 0, 12);
  const major = start[6];
  if (start.length < 12 || (major !== 1 && major !== 2 && major !== 3)) throw new FileFormatError(`${source.name}: npy: got version ${major} in ${source.size} bytes, expected 1, 2 or 3`);
  const [length, at] = major === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12];
  if (length > MAX_HEADER || at + length > source.size) throw new FileFormatError(`${source.name}: npy: got a header of ${length} bytes in a file of ${source.size}, expected less: it is truncated or damaged`);
  const text = peek(source, at, length).toString("latin1");
  const descr = /'descr'\s*:\s*'([<>])c(8|16)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text);
  if (!descr || !order || !shape) throw new FileFormatError(`${source.name}: npy: got the header ${quoted(text, 100)}, expected complex numbers ('<c16' or '<c8') with a shape`);
  return {
    at: at + length,
    precision: descr[2] === "16" ? 64 : 32,
    littleEndian: descr[1] === "<",
    fortran: order[1] === "True",
    shape: shape[1]!.split(",").filter((s) => s.trim() !== "").map(Number),
    text: text.trim(),
  };
}

export const npy = {
  name: "npy",
  title: "NumPy array",
  cite: ["numpy.org/neps/nep-0001-npy-format.html"],
  matches: (_source, head) => head.length >= 12 && head.subarray(0, 6).toString("latin1") === "\x93NUMPY",
  open(source, options) {
    const h = readHeader(source);
    return h.fortran ? openDirections(source, h, options) : openWhole(source, h, options);
  },
  writer: { precisions: [64, 32], extensions: [".npy"], anyDimension: true, u1: true, keeps: "nothing", write: writeNpy },
} as const satisfies GaugeFormat;

/** One array of all directions. */
function openWhole(source: ByteSource, h: NpyHeader, options: OpenOptions): GaugeData {
  const D = h.shape.length - 3;
  const N = h.shape[D + 2] ?? 0;
  if (D < 2 || D > 4 || h.shape[D] !== D || h.shape[D + 1] !== N || N < 1 || N > 12)
    throw new FileFormatError(`${source.name}: npy: got the shape (${h.shape.join(", ")}) in C order, expected (Lt, Lz, Ly, Lx, 4, N, N) or the same for two or three dimensions`);
  const extents = checkExtents(source, h.shape.slice(0, D).reverse());
  const warnings: string[] = [];
  expectDataBytes(source, h.at, linkBytes(extents, N, h.precision), options, warnings);
  return {
    format: "npy",
    extents,
    N,
    precision: h.precision,
    header: { npy: h.text },
    warnings,
    stream(sink) {
      streamLinks({ source, at: h.at, extents, N, precision: h.precision, littleEndian: h.littleEndian }, sink);
      return { checksum: "absent", detail: "" };
    },
  };
}

/** One array a direction. */
function openDirections(source: ByteSource, h: NpyHeader, options: OpenOptions): GaugeData {
  const D = h.shape.length - 2;
  const N = h.shape[0] ?? 0;
  if (D < 2 || D > 4 || h.shape[1] !== N || N < 1 || N > 12)
    throw new FileFormatError(`${source.name}: npy: got the shape (${h.shape.join(", ")}) in Fortran order, expected (N, N, Lx, Ly, Lz, Lt) or the same for two or three dimensions`);
  const extents = checkExtents(source, h.shape.slice(2));
  const bytes = linkBytes(extents, N, h.precision) / D;
  const warnings: string[] = [];
  expectDataBytes(source, h.at, bytes, options, warnings);
  return {
    format: "npy",
    extents,
    N,
    precision: h.precision,
    header: { npy: h.text },
    warnings,
    stream(sink) {
      for (let mu = 0; mu < D; mu++) {
        const file = source.sibling(`u${mu}.npy`);
        try {
          const other = readHeader(file);
          if (other.text.replace(/\s+/g, "") !== h.text.replace(/\s+/g, "")) throw new FileFormatError(`${file.name}: npy: got ${quoted(other.text, 100)}, expected ${quoted(h.text, 100)} as in ${source.name}`);
          expectDataBytes(file, other.at, bytes, { ...options, allowMismatch: false }, []);
          streamDirection(file, other, extents, N, mu, sink);
        } finally {
          file.close();
        }
      }
      return { checksum: "absent", detail: "" };
    },
  };
}

/** Matrices column by column, sites in the usual order. */
function streamDirection(source: ByteSource, h: NpyHeader, extents: readonly number[], N: number, mu: number, sink: LinkSink): void {
  const V = volumeOf(extents);
  const matrix = 2 * N * N;
  const bytesPerSite = (matrix * h.precision) / 8;
  const piece = Math.max(1, Math.min(V, Math.floor(PIECE / bytesPerSite)));
  const buffer = pieceBuffer(piece * bytesPerSite);
  const links = new Float64Array(piece * matrix);
  for (let first = 0; first < V; first += piece) {
    const count = Math.min(piece, V - first);
    const bytes = buffer.subarray(0, count * bytesPerSite);
    source.read(h.at + first * bytesPerSite, bytes);
    const reals = realsOf(bytes, h.precision, h.littleEndian);
    for (let k = 0; k < count; k++)
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++)
          for (let c = 0; c < 2; c++) links[k * matrix + 2 * (i * N + j) + c] = reals[k * matrix + 2 * (j * N + i) + c]!;
    sink(mu, Int32Array.from({ length: count }, (_, k) => first + k), links, 0, matrix);
  }
}

/** Writes one array of all directions, little endian. */
function writeNpy(target: WriteTarget, U: LinkField, { precision }: WriteFacts): void {
  const { N, lattice } = U;
  const shape = [...[...lattice.extents].reverse(), lattice.dim, N, N].join(", ");
  const dictionary = `{'descr': '<c${precision / 4}', 'fortran_order': False, 'shape': (${shape}), }`;
  // the data start at a multiple of 64
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, 0x20);
  head.write("\x93NUMPY\x01\x00", 0, "latin1");
  head.writeUInt16LE(length, 8);
  head.write(dictionary, 10, "latin1");
  head.write("\n", 10 + length - 1, "latin1");
  target.write(head);
  forEachPiece(U, { precision, littleEndian: true }, (bytes) => target.write(bytes));
}
