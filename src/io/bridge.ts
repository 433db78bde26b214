/**
 * Links in the common order without a header: the reals as text, one a line (Bridge++), as plain big-endian doubles (Bridge++), or as little-endian
 * ones. The lattice must be given or is a hypercube, and N follows from the number of reals.
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { type GaugeFormat, type LinkSink, type Shape, possibleShapes, volumeOf } from "./gauge-data.ts";
import { chooseShape, headerlessShape } from "./headerless.ts";
import { type ByteSource, quoted } from "./source.ts";
import { HOST_LITTLE, firstReals, forEachPiece, startsUnitary, streamLinks } from "./stream.ts";
import { Buffer, type WriteTarget } from "../util/index.ts";

const PIECE = 1 << 20;
/** Longer words are no numbers. */
const MAX_WORD = 64;

/** One number of the text a call, in order; stops when `take` returns false. */
function eachNumber(source: ByteSource, take: (x: number, index: number) => boolean): number {
  const buffer = Buffer.alloc(Math.min(PIECE, source.size));
  let index = 0;
  let rest = "";
  for (let at = 0; at < source.size; at += buffer.length) {
    const bytes = buffer.subarray(0, Math.min(buffer.length, source.size - at));
    source.read(at, bytes);
    const words = (rest + bytes.toString("latin1")).split(/[ \t\r\n]+/);
    // the last word may go on in the next piece
    rest = at + bytes.length < source.size ? words.pop()! : "";
    if (rest.length > MAX_WORD) throw notNumber(source, rest, index);
    for (const word of words) {
      if (word === "") continue;
      if (!take(parse(source, word, index), index)) return index;
      index++;
    }
  }
  return index;
}

function parse(source: ByteSource, word: string, index: number): number {
  // Fortran writes 1.0D-03
  const x = word.length > MAX_WORD ? NaN : Number(word.replace(/[dD]/, "e"));
  if (!Number.isFinite(x)) throw notNumber(source, word, index);
  return x;
}

function notNumber(source: ByteSource, word: string, index: number): FileFormatError {
  return new FileFormatError(`${source.name}: got ${quoted(word)} as number ${index + 1}, expected reals only: the file is damaged or no Bridge++ text`);
}

export const bridge = {
  name: "bridge",
  title: "Bridge++ text",
  cite: ["bridge.kek.jp/Lattice-code"],
  options: { lattice: "always; without it a hypercube is assumed" },
  matches: (_source, head) => /^[\s\d+\-.eEdD]*\d[\s\d+\-.eEdD]*$/.test(head.subarray(0, 1024).toString("latin1")),
  open(source, options) {
    const first: number[] = [];
    const count = eachNumber(source, (x, k) => {
      if (k < 2 * 12 * 12) first.push(x);
      return true;
    });
    const shapes = possibleShapes(8 * count, [64], options);
    const warnings: string[] = [];
    const { extents, N } = chooseShape(source, `${count} numbers`, shapes, shapes.filter((s: Shape) => startsUnitary(first, s.N)), options, warnings);
    return {
      format: "bridge",
      extents,
      N,
      precision: 64,
      header: {},
      warnings,
      stream(sink) {
        streamText(source, extents, N, sink);
        return { checksum: "absent", detail: "" };
      },
    };
  },
  writer: { precisions: [64], extensions: [".txt", ".bridge"], u1: true, keeps: "nothing", write: writeBridge },
} as const satisfies GaugeFormat;

function streamText(source: ByteSource, extents: readonly number[], N: number, sink: LinkSink): void {
  const [V, D, matrix] = [volumeOf(extents), extents.length, 2 * N * N];
  const perSite = D * matrix;
  const piece = Math.max(1, Math.min(V, Math.floor(PIECE / (8 * perSite))));
  const links = new Float64Array(piece * perSite);
  const total = V * perSite;
  eachNumber(source, (x, index) => {
    links[index % links.length] = x;
    const end = index + 1;
    if (end % links.length === 0 || end === total) {
      const first = Math.floor(index / links.length) * piece;
      const sites = Int32Array.from({ length: end / perSite - first }, (_, k) => first + k);
      for (let mu = 0; mu < D; mu++) sink(mu, sites, links, mu * matrix, perSite);
    }
    return end < total;
  });
}

/** Doubles in one byte order and nothing else. Nothing marks such a file: the size must fit a lattice and the first link be unitary. */
const plain = <Name extends string>(name: Name, title: string, littleEndian: boolean) =>
  ({
    name,
    title,
    cite: ["the common order of PHYSICS.md section 5"],
    options: { lattice: "always; without it a hypercube is assumed", group: "where several N fit the size" },
    matches: (source, _head, options) =>
      source.size > 0 && source.size % 8 === 0 && possibleShapes(source.size, [64], options).some(({ N }) => startsUnitary(firstReals(source, 0, 64, littleEndian, 2 * N * N), N)),
    open(source, options) {
      const warnings: string[] = [];
      const { extents, N } = headerlessShape(source, 0, source.size, [64], littleEndian, options, warnings);
      return {
        format: name,
        extents,
        N,
        precision: 64,
        header: {},
        warnings,
        stream(sink, lattice) {
          streamLinks({ source, at: 0, extents, N, precision: 64, littleEndian }, sink, lattice);
          return { checksum: "absent", detail: "" };
        },
      };
    },
  }) as const satisfies GaugeFormat;

export const bridgeBinary = plain("bridge-binary", "plain big-endian doubles", false);
export const binaryLittle = plain("binary-little", "plain little-endian doubles", true);

/** Writes text, one real a line with 17 digits: reading gives the same bits. */
function writeBridge(target: WriteTarget, U: LinkField): void {
  forEachPiece(U, { precision: 64, littleEndian: HOST_LITTLE }, (bytes) => {
    const reals = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
    const lines: string[] = [];
    for (let k = 0; k < reals.length; k++) lines.push(Object.is(reals[k], -0) ? "-0.0000000000000000e+0" : reals[k]!.toExponential(16));
    target.write(Buffer.from(`${lines.join("\n")}\n`, "latin1"));
  });
}
