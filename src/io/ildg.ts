/**
 * ILDG and SciDAC files in LIME containers: `ildg-format` + `ildg-binary-data`, or the SciDAC private records + `scidac-binary-data`;
 * bare `ildg-binary-data` records of older codes, whose lattice must be given or is a hypercube. The links are big endian, in the common order. The SciDAC
 * checksum combines the CRC-32 of the sites.
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { ScidacSums, compareChecksum } from "./checksums.ts";
import { type FormatName, type GaugeData, type GaugeFormat, type Precision, type Shape, checkExtents, deduceN, extentsText, linkBytes } from "./gauge-data.ts";
import { headerlessShape } from "./headerless.ts";
import { LIME_MAGIC, type LimeRecord, limePadding, limeRecords, recordText, writeLimeHeader, xmlElement } from "./lime.ts";
import { type ByteSource, quoted } from "./source.ts";
import { firstReals, forEachPiece, plausible, streamLinks } from "./stream.ts";
import type { WriteTarget } from "../util/index.ts";

export const ildg: GaugeFormat = {
  name: "ildg",
  matches: (_source, head) => head.length >= 4 && head.readUInt32BE(0) === LIME_MAGIC,
  open(source, options) {
    const warnings: string[] = [];
    const records = limeRecords(source, options, warnings);
    const data = dataRecord(source, records);
    const header: Record<string, string> = {};
    for (const r of records) if (r.type === "ildg-data-lfn" || r.type === "ildg-format" || r.type === "scidac-private-file-xml" || r.type === "scidac-private-record-xml") header[r.type] = recordText(source, r);
    const format: FormatName = data.type === "scidac-binary-data" ? "scidac" : "ildg";
    const shape = describedShape(source, data, header) ?? headerlessShape(source, data.at, data.bytes, [64, 32], false, options, warnings);
    const { extents, N, precision } = shape;
    const littleEndian = isLittleEndian(source, data.at, precision, warnings);
    const checksum = new ScidacSums();
    const sums = records.find((r) => r.type === "scidac-checksum");
    const stored = sums ? storedSums(source, sums) : undefined;
    if (stored) header["scidac-checksum"] = stored;
    const result: GaugeData = {
      format,
      extents,
      N,
      precision,
      header,
      warnings,
      stream(sink) {
        streamLinks({ source, at: data.at, extents, N, precision, littleEndian, checksum }, sink);
        return compareChecksum(checksum, stored);
      },
    };
    return result;
  },
};

/** The one record with links. */
function dataRecord(source: ByteSource, records: readonly LimeRecord[]): LimeRecord {
  const found = records.filter((r) => r.type === "ildg-binary-data" || r.type === "scidac-binary-data");
  if (found.length !== 1)
    throw new FileFormatError(`${source.name}: got ${found.length} binary records among ${records.length} LIME records (${[...new Set(records.map((r) => r.type))].slice(0, 6).join(", ")}), expected exactly one ildg-binary-data or scidac-binary-data: files of several fields are not read`);
  return found[0]!;
}

/** Shape from the XML records; undefined when there are none. What two records say must agree. */
function describedShape(source: ByteSource, data: LimeRecord, header: Readonly<Record<string, string>>): Shape | undefined {
  const format = header["ildg-format"];
  const file = header["scidac-private-file-xml"];
  const record = header["scidac-private-record-xml"];
  const extents: (readonly number[])[] = [];
  const precisions: Precision[] = [];
  const colours: number[] = [];
  if (format !== undefined) {
    extents.push(["lx", "ly", "lz", "lt"].map((key) => integer(source, format, key)));
    precisions.push(bits(source, "precision", xmlElement(format, "precision"), { "32": 32, "64": 64 }));
    const field = xmlElement(format, "field") ?? "";
    const m = /^s?u(\d{1,2})gauge$/i.exec(field);
    if (!m) throw new FileFormatError(`${source.name}: ildg-format field: got ${quoted(field)}, expected su3gauge or the same for another group`);
    colours.push(Number(m[1]));
  }
  if (file !== undefined) {
    const dims = xmlElement(file, "dims") ?? "";
    if (!/^\d{1,9}(\s+\d{1,9}){1,3}$/.test(dims)) throw new FileFormatError(`${source.name}: scidac dims: got ${quoted(dims, 60)}, expected up to four extents`);
    extents.push(dims.split(/\s+/).map(Number));
    if ((xmlElement(file, "volfmt") ?? "0") !== "0") throw new FileFormatError(`${source.name}: scidac volfmt: got ${quoted(xmlElement(file, "volfmt"))}, expected 0: files split over several parts are not read`);
  }
  if (record !== undefined) {
    const type = xmlElement(record, "datatype") ?? "";
    // other writers than QIO have names of their own for the same object
    if (format === undefined ? !/Colou?rMatrix|GaugeField/i.test(type) : /Vector|Fermion|Dirac|Propagator/i.test(type)) throw new FileFormatError(`${source.name}: scidac datatype: got ${quoted(type, 60)}, expected a ColorMatrix: other objects are not read`);
    const count = xmlElement(record, "datacount");
    const D = extents[0]?.length ?? 4;
    if (Number(count) !== D) throw new FileFormatError(`${source.name}: scidac datacount: got ${quoted(count)} matrices a site, expected ${D}, one for each direction`);
    precisions.push(bits(source, "scidac precision", xmlElement(record, "precision"), { F: 32, D: 64 }));
    colours.push(integer(source, record, "colors"));
  }
  const [first, precision] = [extents[0], precisions[0]];
  if (first === undefined || precision === undefined) return undefined;
  const agree = extents.every((e) => e.join() === first.join()) && precisions.every((p) => p === precision) && colours.every((n) => n === colours[0]);
  if (!agree) throw new FileFormatError(`${source.name}: its records contradict each other: lattices ${extents.map(extentsText).join(" and ")}, precisions ${precisions.join(" and ")}, N ${colours.join(" and ")}, expected the same in all: the file was put together from several`);
  checkExtents(source, first);
  return { extents: first, precision, N: deduceN(source, first, precision, data.bytes, colours[0]) };
}

function integer(source: ByteSource, xml: string, key: string): number {
  const text = xmlElement(xml, key);
  if (text === undefined || !/^\d{1,9}$/.test(text)) throw new FileFormatError(`${source.name}: ${key}: got ${quoted(text)}, expected a positive integer`);
  return Number(text);
}

function bits(source: ByteSource, what: string, text: string | undefined, table: Readonly<Record<string, Precision>>): Precision {
  const p = Object.hasOwn(table, text ?? "") ? table[text!] : undefined;
  if (p === undefined) throw new FileFormatError(`${source.name}: ${what}: got ${quoted(text)}, expected ${Object.keys(table).join(" or ")}`);
  return p;
}

function storedSums(source: ByteSource, record: LimeRecord): string {
  const text = recordText(source, record);
  const [a, b] = [xmlElement(text, "suma"), xmlElement(text, "sumb")];
  if (!/^[\da-f]{1,8}$/i.test(a ?? "") || !/^[\da-f]{1,8}$/i.test(b ?? "")) throw new FileFormatError(`${source.name}: scidac-checksum: got suma ${quoted(a, 20)} and sumb ${quoted(b, 20)}, expected two hexadecimal numbers of 32 bits`);
  return `${a} ${b}`;
}

/** The standard says big endian; some writers did not listen. */
function isLittleEndian(source: ByteSource, at: number, precision: Precision, warnings: string[]): boolean {
  if (plausible(firstReals(source, at, precision, false), 2) || !plausible(firstReals(source, at, precision, true), 2)) return false;
  warnings.push("the links are little endian, which the format does not allow: read as they are");
  return true;
}

/** Writes format, links and SciDAC checksum, each record as one message. */
export function writeIldg(target: WriteTarget, U: LinkField, precision: Precision): void {
  const { N, lattice } = U;
  const both = { begin: true, end: true };
  const text = (type: string, xml: string): void => {
    const bytes = Buffer.from(xml, "latin1");
    writeLimeHeader(target, type, bytes.length, both);
    target.write(bytes);
    target.write(limePadding(bytes.length));
  };
  const tags = lattice.extents.map((L, mu) => `<l${"xyzt"[mu]}>${L}</l${"xyzt"[mu]}>`).join("");
  text(
    "ildg-format",
    `<?xml version="1.0" encoding="UTF-8"?><ildgFormat xmlns="http://www.lqcd.org/ildg" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.lqcd.org/ildg http://www.lqcd.org/ildg/filefmt.xsd"><version>1.0</version><field>${N === 1 ? "u1" : `su${N}`}gauge</field><precision>${precision}</precision>${tags}</ildgFormat>`,
  );
  const bytes = linkBytes(lattice.extents, N, precision);
  const sums = new ScidacSums();
  writeLimeHeader(target, "ildg-binary-data", bytes, both);
  forEachPiece(U, { precision, littleEndian: false, checksum: sums }, (piece) => target.write(piece));
  target.write(limePadding(bytes));
  const [a, b] = sums.text().split(" ");
  text("scidac-checksum", `<?xml version="1.0" encoding="UTF-8"?><scidacChecksum><version>1.0</version><suma>${a}</suma><sumb>${b}</sumb></scidacChecksum>`);
}
