/**
 * The files of this program that hold encoded data: one line of text, `gaugegrad KIND VERSION BYTES SHA256`, and that many bytes of encoded plain data
 * (typed arrays included). A file appears complete or not at all, and a reader notices every bit that changed since.
 */
import { ConfigurationError, FileFormatError } from "../errors.ts";
import { decode, encode } from "./codec.ts";
import { readRegularFile, writeFileAtomically } from "#platform/util/files";
import { Buffer } from "#platform/util/host";
import { printable } from "./format.ts";
import { sha256Hex } from "./hash.ts";

const HEADER = /^gaugegrad ([a-z]+) (\d{1,9}) (\d{1,15}) ([0-9a-f]{64})\n/;

/** What a file holds, and in which version of its layout. */
export interface ContainerKind {
  readonly name: "checkpoint" | "model" | "flow";
  readonly version: number;
}

/** Plain data as bytes. @throws ConfigurationError for what is none. */
export function encoded(file: string, data: () => unknown): Uint8Array {
  try {
    return encode(data());
  } catch (error) {
    throw new ConfigurationError(`${file}: the data cannot be encoded (${(error as Error).message}), expected plain data: numbers, texts, arrays, plain objects and typed arrays`);
  }
}

/** The first line of a container of so many bytes. */
export function headerLine({ name, version }: ContainerKind, bytes: number, checksum: string): Uint8Array {
  return Buffer.from(`gaugegrad ${name} ${version} ${bytes} ${checksum}\n`, "latin1");
}

/** Writes plain data. @throws FileFormatError as `writeFileAtomically`; what stood at `file` stays. */
export function writeContainer(file: string, kind: ContainerKind, data: unknown): void {
  const payload = encoded(file, () => data);
  writeFileAtomically(file, (target) => {
    target.write(headerLine(kind, payload.length, sha256Hex([payload])));
    target.write(payload);
  });
}

/** The first line of a container. */
export interface ContainerHeader {
  /** Bytes of the line itself, and those that follow. */
  readonly length: number;
  readonly bytes: number;
  readonly version: number;
  readonly checksum: string;
}

/** Bytes in which the first line ends. */
export const HEADER_MOST = 256;

/** Reads the first line. @throws FileFormatError for another kind, or a version that is not among these. */
export function containerHeader(file: string, start: string, name: ContainerKind["name"], versions: readonly number[]): ContainerHeader {
  const header = HEADER.exec(start);
  if (!header || header[1] !== name) throw new FileFormatError(`${file}: got no ${name} header (${JSON.stringify(printable(start.slice(0, 20)))}), expected "gaugegrad ${name} ...": the file is damaged or of another kind`);
  const version = Number(header[2]);
  if (!versions.includes(version)) throw new FileFormatError(`${file}: got ${name} format ${header[2]}, expected ${versions.join(" or ")}: read it with the version of gaugegrad that wrote it`);
  return { length: header[0].length, bytes: Number(header[3]), version, checksum: header[4]! };
}

/** @throws FileFormatError unless so many bytes follow the first line. */
export function expectBytes(file: string, got: number, { bytes }: ContainerHeader): void {
  if (got !== bytes) throw new FileFormatError(`${file}: got ${got} bytes after the header, expected ${bytes}: the file is ${got < bytes ? "truncated" : "longer than it was written"}, thus damaged: copy it again`);
}

/** @throws FileFormatError for another checksum than that of the header. */
export function expectChecksum(file: string, got: string, { checksum }: ContainerHeader): void {
  if (got !== checksum) throw new FileFormatError(`${file}: got the SHA-256 ${got}, expected ${checksum}: the file is damaged or was altered after it was written, copy it again`);
}

/** The data of a payload. @throws FileFormatError when they cannot be decoded. */
export function decoded(file: string, payload: Uint8Array, name: ContainerKind["name"]): unknown {
  try {
    return decode(payload);
  } catch (error) {
    throw new FileFormatError(`${file}: its data cannot be decoded (${printable((error as Error).message).slice(0, 100)}), expected what gaugegrad wrote: the ${name} file comes from elsewhere`);
  }
}

/**
 * Reads and verifies a container; `checksum` is the SHA-256 of its payload. What the data mean is the caller's to check.
 * @throws FileFormatError for what is no regular file, another kind or version, truncated or altered files, and data that cannot be decoded.
 */
export function readContainer(file: string, { name, version }: ContainerKind): { readonly data: unknown; readonly checksum: string } {
  const bytes = readRegularFile(file, `a ${name} file`);
  const header = containerHeader(file, bytes.subarray(0, HEADER_MOST).toString("latin1"), name, [version]);
  const payload = bytes.subarray(header.length);
  expectBytes(file, payload.length, header);
  const checksum = sha256Hex([payload]);
  expectChecksum(file, checksum, header);
  return { data: decoded(file, payload, name), checksum };
}
