/**
 * LIME container: records of a 144-byte header (big endian: magic 0x456789ab, version, flags, data length; 128 bytes of type), data, and
 * zeros up to a multiple of 8.
 */
import { FileFormatError } from "../errors.ts";
import type { OpenOptions } from "./gauge-data.ts";
import { type ByteSource, peek } from "./source.ts";
import { Buffer, type WriteTarget } from "../util/index.ts";

export const LIME_MAGIC = 0x456789ab;
const HEADER = 144;
/** More records than any file of links has: a damaged or hostile file. */
const MAX_RECORDS = 4096;
const MAX_TEXT = 1 << 18;

export interface LimeRecord {
  readonly type: string;
  /** First byte of the data. */
  readonly at: number;
  readonly bytes: number;
  readonly messageBegin: boolean;
  readonly messageEnd: boolean;
}

/**
 * Lists the records. Leftover bytes after the last one: zeros are reported, others are an error unless mismatches are allowed.
 * @throws FileFormatError for a record that does not fit into the file.
 */
export function limeRecords(source: ByteSource, options: OpenOptions, warnings: string[]): LimeRecord[] {
  const records: LimeRecord[] = [];
  let at = 0;
  while (at + HEADER <= source.size) {
    const h = peek(source, at, HEADER);
    if (h.readUInt32BE(0) !== LIME_MAGIC) break;
    const version = h.readUInt16BE(4);
    if (version !== 1) throw new FileFormatError(`${source.name}: LIME record ${records.length + 1}: got version ${version}, expected 1`);
    const length = h.readBigUInt64BE(8);
    if (length > BigInt(source.size - at - HEADER))
      throw new FileFormatError(`${source.name}: LIME record ${records.length + 1}: got a length of ${length} bytes with ${source.size - at - HEADER} left in the file, expected it to fit: the file is truncated or its header damaged`);
    const nul = h.indexOf(0, 16);
    const type = h.subarray(16, nul < 0 ? HEADER : nul).toString("latin1");
    if (!/^[\x20-\x7e]+$/.test(type)) throw new FileFormatError(`${source.name}: LIME record ${records.length + 1}: its type is no ASCII text: the header is damaged`);
    const flags = h.readUInt16BE(6);
    records.push({ type, at: at + HEADER, bytes: Number(length), messageBegin: (flags & 0x8000) !== 0, messageEnd: (flags & 0x4000) !== 0 });
    if (records.length > MAX_RECORDS) throw new FileFormatError(`${source.name}: got more than ${MAX_RECORDS} LIME records, expected a configuration file`);
    at += HEADER + Math.ceil(Number(length) / 8) * 8;
  }
  if (records.length === 0) throw new FileFormatError(`${source.name}: got a LIME magic number and ${source.size} bytes, expected a record header of ${HEADER} bytes: the file is truncated`);
  // the last record's padding may be missing
  if (at < source.size) leftover(source, at, options, warnings);
  return records;
}

function leftover(source: ByteSource, at: number, options: OpenOptions, warnings: string[]): void {
  const bytes = source.size - at;
  const zeros = bytes <= 1 << 16 && peek(source, at, bytes).every((b) => b === 0);
  const text = `${bytes} ${zeros ? "zero " : ""}bytes of trailing data after the last LIME record`;
  if (!zeros && !options.allowMismatch) throw new FileFormatError(`${source.name}: got ${text}, expected the end of the file: a record is damaged or something was appended; allow mismatches to read it all the same`);
  warnings.push(text);
}

/** The text of a record. */
export function recordText(source: ByteSource, record: LimeRecord): string {
  if (record.bytes > MAX_TEXT) throw new FileFormatError(`${source.name}: LIME record ${record.type}: got ${record.bytes} bytes, expected at most ${MAX_TEXT} of XML`);
  return withoutComments(peek(source, record.at, record.bytes).toString("latin1").replace(/\0+$/, ""));
}

/** XML without its comments, which may hold elements that are not meant. */
function withoutComments(text: string): string {
  const kept: string[] = [];
  let at = 0;
  for (let open = text.indexOf("<!--"); open >= 0; open = text.indexOf("<!--", at)) {
    const close = text.indexOf("-->", open + 4);
    if (close < 0) break;
    kept.push(text.slice(at, open));
    at = close + 3;
  }
  return kept.join("") + text.slice(at);
}

/** The text inside the first element of a name, whatever its namespace prefix and attributes; undefined when there is none. */
export function xmlElement(text: string, name: string): string | undefined {
  return new RegExp(`<(?:[\\w.-]{1,40}:)?${name}(?:\\s[^<>]*)?>([^<>]*)<`).exec(text)?.[1]?.trim();
}

/** Writes one record header; the data and `limePadding` follow. */
export function writeLimeHeader(target: WriteTarget, type: string, bytes: number, flags: { readonly begin: boolean; readonly end: boolean }): void {
  const h = Buffer.alloc(HEADER);
  h.writeUInt32BE(LIME_MAGIC, 0);
  h.writeUInt16BE(1, 4);
  h.writeUInt16BE((flags.begin ? 0x8000 : 0) | (flags.end ? 0x4000 : 0), 6);
  h.writeBigUInt64BE(BigInt(bytes), 8);
  h.write(type, 16, "latin1");
  target.write(h);
}

/** Writes a record of text as one message. */
export function writeLimeText(target: WriteTarget, type: string, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  writeLimeHeader(target, type, bytes.length, { begin: true, end: true });
  target.write(bytes);
  target.write(limePadding(bytes.length));
}

/** Zeros after data of this length. */
export function limePadding(bytes: number): Buffer {
  return Buffer.alloc((8 - (bytes % 8)) % 8);
}
