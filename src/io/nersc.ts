/**
 * NERSC (Gauge Connection archive): text header, then matrices in the common order, in full (`4D_SU3_GAUGE_3x3`) or without the last row
 * (`4D_SU3_GAUGE`); 32 or 64 bits in either byte order. CHECKSUM is the sum of the 32-bit words modulo 2^32.
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { WordSum, compareChecksum } from "./checksums.ts";
import { type GaugeData, type GaugeFormat, type Precision, type StoredNumber, checkExtents, expectDataBytes, linkBytes } from "./gauge-data.ts";
import { type ByteSource, peek, quoted } from "./source.ts";
import { firstReals, forEachPiece, plausible, streamLinks } from "./stream.ts";
import type { WriteTarget } from "../util/index.ts";

const MAX_HEADER = 1 << 16;
const TOLERANCE = 2e-5;

export const nersc: GaugeFormat = {
  name: "nersc",
  matches: (_source, head) => head.subarray(0, 12).toString("latin1") === "BEGIN_HEADER",
  open(source, options) {
    const warnings: string[] = [];
    const { keys, at } = readHeader(source, warnings);
    const { N, rows } = datatype(source, keys["DATATYPE"]);
    const extents = checkExtents(source, [1, 2, 3, 4].map((k) => integer(source, keys, `DIMENSION_${k}`)));
    const { precision, littleEndian } = floatingPoint(source, keys["FLOATING_POINT"], at, warnings);
    expectDataBytes(source, at, linkBytes(extents, N, precision, rows), options, warnings);
    const checksum = new WordSum();
    const linkTrace = storedNumber(source, keys, "LINK_TRACE");
    const plaquette = storedNumber(source, keys, "PLAQUETTE");
    const data: GaugeData = {
      format: "nersc",
      extents,
      N,
      precision,
      header: keys,
      warnings,
      ...(plaquette ? { plaquette } : {}),
      ...(linkTrace ? { linkTrace } : {}),
      rebuilt: rows < N,
      stream(sink) {
        streamLinks({ source, at, extents, N, rows, precision, littleEndian, checksum }, sink);
        return compareChecksum(checksum, keys["CHECKSUM"]);
      },
    };
    return data;
  },
};

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
    if (Object.hasOwn(keys, key) && keys[key] !== value) throw new FileFormatError(`${source.name}: got ${quoted(key)} twice in the header, as ${quoted(keys[key])} and ${quoted(value)}, expected one value`);
    // own data property, whatever the key is called
    Object.defineProperty(keys, key, { value, enumerable: true, configurable: true });
  }
  return { keys, at: end.index + end[0].length };
}

function datatype(source: ByteSource, text: string | undefined): { N: number; rows: number } {
  const m = /^4D_SU(\d{1,2})_GAUGE(?:_(\d{1,2})x(\d{1,2}))?$/i.exec(text ?? "");
  const N = Number(m?.[1]);
  const full = m?.[2] !== undefined;
  const ok = m && N >= 2 && N <= 12 && (full ? Number(m[2]) === N && Number(m[3]) === N : N <= 3);
  if (!ok) throw new FileFormatError(`${source.name}: DATATYPE: got ${quoted(text)}, expected 4D_SU3_GAUGE, 4D_SU3_GAUGE_3x3 or the same for another SU(N): other objects are not read`);
  return { N, rows: full ? N : N - 1 };
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

/** Writes `4D_SUN_GAUGE_NxN`, big endian, with the checksum of the links as stored, and their mean link trace and mean plaquette before rounding. */
export function writeNersc(target: WriteTarget, U: LinkField, precision: Precision, facts: { readonly plaquette: number; readonly linkTrace: number }): void {
  const { N, lattice } = U;
  const header = (checksum: string): string =>
    [
      "BEGIN_HEADER",
      "HDR_VERSION = 1.0",
      `DATATYPE = 4D_SU${N}_GAUGE_${N}x${N}`,
      "STORAGE_FORMAT = 1.0",
      ...lattice.extents.map((L, mu) => `DIMENSION_${mu + 1} = ${L}`),
      ...lattice.extents.map((_, mu) => `BOUNDARY_${mu + 1} = PERIODIC`),
      `LINK_TRACE = ${facts.linkTrace.toFixed(12)}`,
      `PLAQUETTE = ${facts.plaquette.toFixed(12)}`,
      `CHECKSUM = ${checksum.padStart(8, "0")}`,
      `FLOATING_POINT = IEEE${precision}BIG`,
      "CREATOR = gaugegrad",
      "END_HEADER",
      "",
    ].join("\n");
  const sum = new WordSum();
  // the checksum stands before the links that it sums up: its place is filled at the end
  target.write(Buffer.from(header("0"), "latin1"));
  forEachPiece(U, { precision, littleEndian: false, checksum: sum }, (bytes) => target.write(bytes));
  target.overwrite(0, Buffer.from(header(sum.text()), "latin1"));
}
