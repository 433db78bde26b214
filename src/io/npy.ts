/**
 * NumPy arrays, complex or pairs of reals. One file: in C order with shape [Lt, Lz, Ly, Lx, D, N, N] (D extents, slowest first), which is the common
 * order, or any other that is stated. A folder: one array a direction, u0.npy, u1.npy, ..., in Fortran order with shape [row, column, x, y, z, t].
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { type ArrayLayout, arrayLayout, isAmbiguous, scatterMatrices } from "./axes.ts";
import { type GaugeData, type GaugeFormat, type LinkSink, type OpenOptions, type Precision, type WriteFacts, expectDataBytes, linkBytes } from "./gauge-data.ts";
import { type ByteSource, peek, quoted } from "./source.ts";
import { pieceBuffer, realsOf, writeLinks } from "./stream.ts";
import { Buffer, type WriteTarget } from "../util/index.ts";

const MAX_HEADER = 1 << 16;
const PIECE = 1 << 20;

interface NpyHeader {
  /** First byte of the data. */
  readonly at: number;
  readonly precision: Precision;
  readonly littleEndian: boolean;
  readonly fortran: boolean;
  /** Without the axis of real and imaginary part. */
  readonly shape: readonly number[];
  /** What this program noted when it wrote the file. */
  readonly order?: string;
  readonly text: string;
}

function readHeader(source: ByteSource): NpyHeader {
  const start = peek(source, 0, 12);
  const major = start[6];
  if (start.length < 12 || (major !== 1 && major !== 2 && major !== 3)) throw new FileFormatError(`${source.name}: npy: got version ${major} in ${source.size} bytes, expected 1, 2 or 3`);
  const [length, at] = major === 1 ? [start.readUInt16LE(8), 10] : [start.readUInt32LE(8), 12];
  if (length > MAX_HEADER || at + length > source.size) throw new FileFormatError(`${source.name}: npy: got a header of ${length} bytes in a file of ${source.size}, expected less: it is truncated or damaged`);
  const text = peek(source, at, length).toString("latin1");
  const descr = /'descr'\s*:\s*'([<>])(c8|c16|f4|f8)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text);
  if (!descr || !order || !shape) throw new FileFormatError(`${source.name}: npy: got the header ${quoted(text, 100)}, expected complex numbers ('<c16' or '<c8') or pairs of reals with a shape`);
  const lengths = shape[1]!.split(",").filter((s) => s.trim() !== "").map(Number);
  const [fortran, pairs] = [order[1] === "True", descr[2]!.startsWith("f")];
  // real and imaginary part as the fastest axis
  if (pairs && lengths[fortran ? 0 : lengths.length - 1] !== 2) throw new FileFormatError(`${source.name}: npy: got real numbers of the shape (${lengths.join(", ")}), expected complex ones, or a fastest axis of length 2 for real and imaginary part`);
  const said = /# gaugegrad order ([a-z-]+)/.exec(text)?.[1];
  return {
    at: at + length,
    precision: descr[2] === "c16" || descr[2] === "f8" ? 64 : 32,
    littleEndian: descr[1] === "<",
    fortran,
    shape: pairs ? (fortran ? lengths.slice(1) : lengths.slice(0, -1)) : lengths,
    ...(said === undefined ? {} : { order: said }),
    text: text.trim(),
  };
}

export const npy = {
  name: "npy",
  title: "NumPy array",
  cite: ["numpy.org/neps/nep-0001-npy-format.html"],
  options: { order: "order of the axes, where the shape fits several", lattice: "tells orders apart" },
  matches: (_source, head) => head.length >= 12 && head.subarray(0, 6).toString("latin1") === "\x93NUMPY",
  open(source, options) {
    const h = readHeader(source);
    // arrays of one direction have no axis mu
    const one = options.order === undefined ? h.fortran && h.shape.length <= 6 && h.shape[0] === h.shape[1] : !/mu/.test(options.order);
    return one ? openDirections(source, h, options) : openWhole(source, h, options);
  },
  writer: { precisions: [64, 32], extensions: [".npy"], anyDimension: true, u1: true, keeps: "nothing", write: writeNpy },
} as const satisfies GaugeFormat;

/** What a header and its layout say. */
const described = ({ precision, text }: NpyHeader, { extents, N }: ReturnType<typeof arrayLayout>, warnings: readonly string[]) => ({ format: "npy", extents, N, precision, header: { npy: text }, warnings });

/** One array of all directions, in any stated order of its axes. */
function openWhole(source: ByteSource, h: NpyHeader, options: OpenOptions): GaugeData {
  const warnings: string[] = [];
  const layout = arrayLayout(source, h.shape, h.fortran, { ...options, order: options.order ?? h.order }, warnings, h.fortran ? undefined : "mu-last");
  const { extents, N } = layout;
  expectDataBytes(source, h.at, linkBytes(extents, N, h.precision), options, warnings);
  return {
    ...described(h, layout, warnings),
    stream(sink) {
      streamArray(source, h, layout, sink);
      return { checksum: "absent", detail: "" };
    },
  };
}

/** One array a direction. */
function openDirections(source: ByteSource, h: NpyHeader, options: OpenOptions): GaugeData {
  const layout = arrayLayout(source, h.shape, h.fortran, { order: options.order ?? `row,column,${h.shape.length === 6 ? "x,y,z,t" : h.shape.length === 5 ? "x,y,t" : "x,t"}` });
  const { extents, N } = layout;
  const D = extents.length;
  const bytes = linkBytes(extents, N, h.precision) / D;
  const warnings: string[] = [];
  expectDataBytes(source, h.at, bytes, options, warnings);
  return {
    ...described(h, layout, warnings),
    stream(sink) {
      for (let mu = 0; mu < D; mu++) {
        const file = source.sibling(`u${mu}.npy`);
        try {
          const other = readHeader(file);
          if (other.text.replace(/\s+/g, "") !== h.text.replace(/\s+/g, "")) throw new FileFormatError(`${file.name}: npy: got ${quoted(other.text, 100)}, expected ${quoted(h.text, 100)} as in ${source.name}`);
          expectDataBytes(file, other.at, bytes, { ...options, allowMismatch: false }, []);
          streamArray(file, other, layout, sink, mu);
        } finally {
          file.close();
        }
      }
      return { checksum: "absent", detail: "" };
    },
  };
}

/** The matrices of an array in bounded pieces. */
function streamArray(source: ByteSource, h: NpyHeader, layout: ArrayLayout, sink: LinkSink, direction?: number): void {
  const total = layout.lengths.reduce((v, L) => v * L, 1);
  const size = (2 * layout.N * layout.N * h.precision) / 8;
  const piece = Math.max(1, Math.min(total, Math.floor(PIECE / size)));
  const buffer = pieceBuffer(piece * size);
  for (let first = 0; first < total; first += piece) {
    const bytes = buffer.subarray(0, Math.min(piece, total - first) * size);
    source.read(h.at + first * size, bytes);
    scatterMatrices(layout, first, bytes.length / size, realsOf(bytes, h.precision, h.littleEndian), sink, direction);
  }
}

/** Writes one array of all directions, little endian. */
function writeNpy(target: WriteTarget, U: LinkField, { precision }: WriteFacts): void {
  const { N, lattice } = U;
  const shape = [...[...lattice.extents].reverse(), lattice.dim, N, N];
  // a comment of Python, where other readings of the shape are possible
  const note = isAmbiguous(shape) ? "  # gaugegrad order mu-last" : "";
  const dictionary = `{'descr': '<c${precision / 4}', 'fortran_order': False, 'shape': (${shape.join(", ")}), }${note}`;
  // the data start at a multiple of 64
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, 0x20);
  head.write("\x93NUMPY\x01\x00", 0, "latin1");
  head.writeUInt16LE(length, 8);
  head.write(dictionary, 10, "latin1");
  head.write("\n", 10 + length - 1, "latin1");
  target.write(head);
  writeLinks(target, U, { precision, littleEndian: true });
}
