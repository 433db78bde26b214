/**
 * ILDG and SciDAC files in LIME containers: `ildg-format` + `ildg-binary-data`, or the SciDAC private records + `scidac-binary-data`;
 * bare `ildg-binary-data` records of older codes, whose lattice must be given or is a hypercube. The links are big endian, in the common order. The SciDAC
 * checksum combines the CRC-32 of the sites.
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { ScidacSums, compareChecksum } from "./checksums.ts";
import { type GaugeData, type GaugeFormat, type Precision, type WriteFacts, linkBytes } from "./gauge-data.ts";
import { headerlessShape } from "./headerless.ts";
import { describedShape } from "./ildg-shape.ts";
import { LIME_MAGIC, type LimeRecord, limePadding, limeRecords, recordText, writeLimeHeader, writeLimeText, xmlElement } from "./lime.ts";
import { type Provenance, namesEnsemble, provenanceFromXml, provenanceXml } from "./provenance.ts";
import { type ByteSource, quoted } from "./source.ts";
import { firstReals, plausible, streamLinks, writeLinks } from "./stream.ts";
import type { WriteTarget } from "../util/index.ts";

/** Records of text that describe the links or their ensemble. */
const TEXTS = ["ildg-format", "ildg-data-lfn", "scidac-private-file-xml", "scidac-private-record-xml", "scidac-file-xml", "scidac-record-xml", "grid-format"];
/** Record of this program for what the standard has no place for. */
const PROVENANCE = "gaugegrad-provenance";

export const ildg = {
  name: "ildg",
  title: "ILDG or SciDAC (LIME)",
  cite: ["ILDG binary file format 1.2, hpc.desy.de/ildg", "SciDAC file format, usqcd-software.github.io/qio"],
  options: { lattice: "for files that hold nothing but ildg-binary-data" },
  matches: (_source, head) => head.length >= 4 && head.readUInt32BE(0) === LIME_MAGIC,
  open(source, options) {
    const warnings: string[] = [];
    const records = limeRecords(source, options, warnings);
    const data = dataRecord(source, records);
    const header: Record<string, string> = {};
    for (const r of records) if ([...TEXTS, PROVENANCE].includes(r.type)) header[r.type] ??= recordText(source, r);
    const shape = describedShape(source, data, header, warnings) ?? headerlessShape(source, data.at, data.bytes, [64, 32], false, options, warnings);
    const { extents, N, precision } = shape;
    const littleEndian = isLittleEndian(source, data.at, precision, warnings);
    const checksum = new ScidacSums();
    const sums = records.find((r) => r.type === "scidac-checksum");
    const stored = sums ? storedSums(source, sums) : undefined;
    if (stored) header["scidac-checksum"] = stored;
    const result: GaugeData = {
      format: data.type === "scidac-binary-data" ? "scidac" : "ildg",
      extents,
      N,
      precision,
      header,
      provenance: provenanceIn(header),
      warnings,
      stream(sink, lattice) {
        streamLinks({ source, at: data.at, extents, N, precision, littleEndian, checksum }, sink, lattice);
        return compareChecksum(checksum, stored);
      },
    };
    return result;
  },
  writer: { precisions: [64, 32], extensions: [".ildg", ".lime"], u1: true, keeps: "provenance", write: writeIldg },
} as const satisfies GaugeFormat;

/** The one record with links. */
function dataRecord(source: ByteSource, records: readonly LimeRecord[]): LimeRecord {
  const found = records.filter((r) => r.type === "ildg-binary-data" || r.type === "scidac-binary-data");
  if (found.length === 1) return found[0]!;
  const types = [...new Set(records.map((r) => r.type))].slice(0, 6).join(", ");
  throw new FileFormatError(`${source.name}: this is a LIME file: got ${found.length} binary records among ${records.length} records (${types}), expected exactly one ildg-binary-data or scidac-binary-data: ${found.length === 0 ? "it holds no gauge links" : "files of several fields are not read"}`);
}

/** From our own record, from Grid's, and the date and the name that the standard has. */
function provenanceIn(header: Readonly<Record<string, string>>): Provenance {
  const date = xmlElement(header["scidac-private-record-xml"] ?? "", "date");
  const lfn = header["ildg-data-lfn"]?.trim();
  return {
    ...(date ? { creationDate: date } : {}),
    ...(lfn && lfn !== "none" ? { logicalFileName: lfn } : {}),
    ...provenanceFromXml(header["grid-format"] ?? "", xmlElement),
    ...provenanceFromXml(header[PROVENANCE] ?? "", xmlElement),
  };
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

/** Writes format, links and SciDAC checksum, each record as one message; what is known of the ensemble follows in a record of its own. */
function writeIldg(target: WriteTarget, U: LinkField, { precision, provenance }: WriteFacts): void {
  const { N, lattice } = U;
  const tags = lattice.extents.map((L, mu) => `<l${"xyzt"[mu]}>${L}</l${"xyzt"[mu]}>`).join("");
  writeLimeText(
    target,
    "ildg-format",
    `<?xml version="1.0" encoding="UTF-8"?><ildgFormat xmlns="http://www.lqcd.org/ildg" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://www.lqcd.org/ildg http://www.lqcd.org/ildg/filefmt.xsd"><version>1.0</version><field>${N === 1 ? "u1" : `su${N}`}gauge</field><precision>${precision}</precision>${tags}</ildgFormat>`,
  );
  const bytes = linkBytes(lattice.extents, N, precision);
  const sums = new ScidacSums();
  writeLimeHeader(target, "ildg-binary-data", bytes, { begin: true, end: true });
  writeLinks(target, U, { precision, littleEndian: false, checksum: sums });
  target.write(limePadding(bytes));
  const [a, b] = sums.text().split(" ");
  if (provenance.logicalFileName !== undefined) writeLimeText(target, "ildg-data-lfn", provenance.logicalFileName);
  writeLimeText(target, "scidac-checksum", `<?xml version="1.0" encoding="UTF-8"?><scidacChecksum><version>1.0</version><suma>${a}</suma><sumb>${b}</sumb></scidacChecksum>`);
  if (namesEnsemble(provenance) || provenance.creator !== undefined || provenance.creationDate !== undefined) writeLimeText(target, PROVENANCE, provenanceXml(provenance));
}
