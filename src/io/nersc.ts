/**
 * NERSC (Gauge Connection archive): text header, then matrices in the common order, in full or without the last row: `4D_SU3_GAUGE_3x3` says full
 * ones, `4D_SU3_GAUGE`, `4D_SU4_GAUGE`, `4D_SUN_GAUGE` leave it to the length of the data. 32 or 64 bits in either byte order. CHECKSUM is the sum
 * of the 32-bit words modulo 2^32.
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { WordSum, compareChecksum } from "./checksums.ts";
import { type GaugeData, type GaugeFormat, MAX_N, type OpenOptions, type Precision, type StoredNumber, type WriteFacts, checkExtents, expectDataBytes, linkBytes } from "./gauge-data.ts";
import { provenanceKeys, provenanceOf } from "./provenance.ts";
import { type ByteSource, peek, quoted } from "./source.ts";
import { firstReals, plausible, streamLinks, writeLinks } from "./stream.ts";
import { Buffer, type WriteTarget } from "../util/index.ts";

const MAX_HEADER = 1 << 16;
const TOLERANCE = 2e-5;
/** Keys that say how to read the links: a header may have each of them once. All others are for people. */
const DESCRIBING = /^(HDR_VERSION|DATATYPE|STORAGE_FORMAT|DIMENSION_\d|BOUNDARY_\d|CHECKSUM|LINK_TRACE|PLAQUETTE|FLOATING_POINT|DATA_START)$/;
const GRID_DEFECT = "Grid wrote SU(3) into DATATYPE and a third of the trace into LINK_TRACE for every N until November 2021 (Grid pull request 377)";

export const nersc = {
  name: "nersc",
  title: "NERSC archive",
  cite: ["Gauge Connection, qcd.nersc.gov"],
  matches: (_source, head) => head.subarray(0, 12).toString("latin1") === "BEGIN_HEADER",
  open(source, options) {
    const warnings: string[] = [];
    const { keys, at } = readHeader(source, warnings);
    const stated = datatype(source, keys["DATATYPE"], warnings);
    const extents = checkExtents(source, [1, 2, 3, 4].map((k) => integer(source, keys, `DIMENSION_${k}`)));
    const { precision, littleEndian } = floatingPoint(source, keys["FLOATING_POINT"], at, warnings);
    const { N, rows } = shapeOf(source, stated, (N, rows) => linkBytes(extents, N, precision, rows) === source.size - at, keys["CHECKSUM"] !== undefined, options, warnings);
    expectDataBytes(source, at, linkBytes(extents, N, precision, rows), options, warnings);
    const checksum = new WordSum();
    const trace = storedNumber(source, keys, "LINK_TRACE");
    const linkTrace = trace && N !== 3 ? { ...trace, known: { value: (trace.value * 3) / N, text: `the stored LINK_TRACE is that of the links times ${N}/3: ${GRID_DEFECT}` } } : trace;
    const plaquette = storedNumber(source, keys, "PLAQUETTE");
    const data: GaugeData = {
      format: "nersc",
      extents,
      N,
      precision,
      header: keys,
      provenance: provenanceOf(keys, (key) => DESCRIBING.test(key)),
      warnings,
      ...(plaquette ? { plaquette } : {}),
      ...(linkTrace ? { linkTrace } : {}),
      rebuilt: rows < N,
      stream(sink, lattice) {
        streamLinks({ source, at, extents, N, rows, precision, littleEndian, checksum }, sink, lattice);
        return compareChecksum(checksum, keys["CHECKSUM"]);
      },
    };
    return data;
  },
  writer: { precisions: [64, 32], extensions: [".nersc"], u1: false, keeps: "provenance", write: writeNersc },
} as const satisfies GaugeFormat;

function readHeader(source: ByteSource, warnings: string[]): { keys: Record<string, string>; at: number } {
  const text = peek(source, 0, MAX_HEADER).toString("latin1");
  const end = /^END_HEADER[ \t]*\r?\n/m.exec(text);
  if (!end) throw new FileFormatError(`${source.name}: no END_HEADER in the first ${Math.min(MAX_HEADER, source.size)} bytes, expected a NERSC header of KEY = VALUE lines: the file is truncated or damaged`);
  const keys: Record<string, string> = {};
  for (const line of text.slice(0, end.index).split(/\r?\n/).slice(1)) {
    const eq = line.indexOf("=");
    if (eq < 0) {
      if (line.trim() !== "") warnings.push(`header line ${quoted(line, 60)} is no KEY = VALUE and was left out`);
      continue;
    }
    const [key, value] = [line.slice(0, eq).trim(), line.slice(eq + 1).trim()];
    const before = Object.hasOwn(keys, key) ? keys[key]! : undefined;
    if (before !== undefined && before !== value && DESCRIBING.test(key)) throw new FileFormatError(`${source.name}: got ${quoted(key)} twice in the header, as ${quoted(before)} and ${quoted(value)}, expected one value`);
    // own data property, whatever the key is called; words for people may come several times
    Object.defineProperty(keys, key, { value: before === undefined || before === value ? value : `${before}; ${value}`, enumerable: true, configurable: true });
  }
  return { keys, at: end.index + end[0].length };
}

/** What DATATYPE says: N unless it is `4D_SUN_GAUGE`, and whether the matrices are full ones for certain. */
interface Datatype {
  readonly text: string;
  readonly N: number | undefined;
  readonly full: boolean;
}

function datatype(source: ByteSource, text: string | undefined, warnings: string[]): Datatype {
  const m = /^4D_S([UP])(\d{1,2}|N)_GAUGE(?:_(\d{1,2})x(\d{1,2}))?$/i.exec(text ?? "");
  const N = /^\d+$/.test(m?.[2] ?? "") ? Number(m![2]) : m?.[3] === undefined ? undefined : Number(m[3]);
  const full = m?.[3] !== undefined;
  const ok = m && (N === undefined || (N >= 2 && N <= MAX_N)) && (!full || (Number(m[3]) === N && Number(m[4]) === N));
  if (!ok) throw new FileFormatError(`${source.name}: DATATYPE: got ${quoted(text)}, expected 4D_SU3_GAUGE, 4D_SU3_GAUGE_3x3 or the same for another SU(N): other objects are not read`);
  if (m[1]!.toUpperCase() === "P") warnings.push(`DATATYPE = ${text}: links of Sp(${N ?? "N"}) are read as links of SU(N)`);
  return { text: text!, N, full };
}

/** N and the stored rows: from DATATYPE, as far as it says them, and from the length of the data (`fits`). */
function shapeOf(source: ByteSource, { text, N, full }: Datatype, fits: (N: number, rows: number) => boolean, checksum: boolean, options: OpenOptions, warnings: string[]): { N: number; rows: number } {
  const sizes = Array.from({ length: MAX_N - 1 }, (_, k) => k + 2);
  if (N === undefined) {
    const found = sizes.find((n) => fits(n, n) || fits(n, n - 1));
    if (found === undefined) throw new FileFormatError(`${source.name}: DATATYPE = ${text} names no N, and the length of the file fits none up to ${MAX_N} with N or N - 1 rows, expected such a length: the file is truncated or damaged`);
    return { N: found, rows: fits(found, found) ? found : found - 1 };
  }
  if (!full) return { N, rows: fits(N, N) ? N : N - 1 };
  // a length that another N explains, with a checksum or a user to confirm it
  const other = N === 3 && !fits(3, 3) ? sizes.find((n) => fits(n, n)) : undefined;
  if (other === undefined || !(checksum || options.N === other)) return { N, rows: N };
  warnings.push(`DATATYPE says SU(3), the length of the links that of SU(${other}): ${GRID_DEFECT}`);
  return { N: other, rows: other };
}

function integer(source: ByteSource, keys: Readonly<Record<string, string>>, key: string): number {
  const text = keys[key];
  if (text === undefined || !/^\d{1,9}$/.test(text)) throw new FileFormatError(`${source.name}: ${key}: got ${quoted(text)}, expected a positive integer`);
  return Number(text);
}

/** A number of the header with the precision that its digits have, between 2e-5 and 1e-2; the digits of a zero say nothing. */
function storedNumber(source: ByteSource, keys: Readonly<Record<string, string>>, key: string): StoredNumber | undefined {
  const text = keys[key];
  if (text === undefined || text === "") return undefined;
  const m = /^[+-]?\d*(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  const value = Number(text);
  if (!m || !Number.isFinite(value)) throw new FileFormatError(`${source.name}: ${key}: got ${quoted(text)}, expected a number`);
  const digit = 10 ** (Number(m[2] ?? 0) - (m[1]?.length ?? 0));
  return { value, tolerance: value === 0 ? TOLERANCE : Math.min(Math.max(TOLERANCE, digit), 1e-2) };
}

/** Bits and byte order. Without a stated order: big endian when the first reals make sense that way. */
function floatingPoint(source: ByteSource, text: string | undefined, at: number, warnings: string[]): { precision: Precision; littleEndian: boolean } {
  const m = /^IEEE(32|64)(BIG|LITTLE)?$/.exec((text ?? "IEEE32BIG").toUpperCase());
  if (!m) throw new FileFormatError(`${source.name}: FLOATING_POINT: got ${quoted(text)}, expected IEEE32BIG, IEEE32LITTLE, IEEE64BIG or IEEE64LITTLE`);
  const precision: Precision = m[1] === "64" ? 64 : 32;
  if (text === undefined) warnings.push("no FLOATING_POINT in the header: read as IEEE32BIG");
  if (m[2]) return { precision, littleEndian: m[2] === "LITTLE" };
  const littleEndian = !plausible(firstReals(source, at, precision, false), 10);
  warnings.push(`FLOATING_POINT = ${m[0]} does not state the byte order: read as ${littleEndian ? "little" : "big"} endian`);
  return { precision, littleEndian };
}

/**
 * Writes `4D_SUN_GAUGE_NxN`, big endian, with the checksum of the links as stored, and their mean link trace and mean plaquette before rounding. The
 * keys of the ensemble are always there: Grid ends at a missing SEQUENCE_NUMBER.
 */
function writeNersc(target: WriteTarget, U: LinkField, { precision, provenance, means }: WriteFacts): void {
  const { N, lattice } = U;
  const { plaquette, linkTrace } = means();
  const own = Object.fromEntries(provenanceKeys({ creator: "gaugegrad", ...provenance, other: {} }));
  const number = /^\s*(\d{1,15})/.exec(own["SEQUENCE_NUMBER"] ?? "")?.[1] ?? "0";
  const ensemble: Record<string, string> = { ENSEMBLE_ID: "", ENSEMBLE_LABEL: "", CREATOR_HARDWARE: "", CREATION_DATE: "", ARCHIVE_DATE: "", ...own, SEQUENCE_NUMBER: number };
  const others = provenanceKeys(provenance.other ? { other: provenance.other } : {}).filter(([key]) => !DESCRIBING.test(key));
  const header = (checksum: string): string =>
    [
      "BEGIN_HEADER",
      "HDR_VERSION = 1.0",
      `DATATYPE = 4D_SU${N}_GAUGE_${N}x${N}`,
      "STORAGE_FORMAT = 1.0",
      ...lattice.extents.map((L, mu) => `DIMENSION_${mu + 1} = ${L}`),
      ...lattice.extents.map((_, mu) => `BOUNDARY_${mu + 1} = PERIODIC`),
      `LINK_TRACE = ${linkTrace.toFixed(12)}`,
      `PLAQUETTE = ${plaquette.toFixed(12)}`,
      `CHECKSUM = ${checksum.padStart(8, "0")}`,
      `FLOATING_POINT = IEEE${precision}BIG`,
      ...[...Object.entries(ensemble), ...others].map(([key, text]) => `${key} = ${text}`.trimEnd()),
      "END_HEADER",
      "",
    ].join("\n");
  const sum = new WordSum();
  // the checksum stands before the links that it sums up: its place is filled at the end
  target.write(Buffer.from(header("0"), "latin1"));
  writeLinks(target, U, { precision, littleEndian: false, checksum: sum });
  target.overwrite(0, Buffer.from(header(sum.text()), "latin1"));
}
