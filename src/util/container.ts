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

/** Writes plain data. @throws FileFormatError as `writeFileAtomically`; what stood at `file` stays. */
export function writeContainer(file: string, { name, version }: ContainerKind, data: unknown): void {
  let payload: Uint8Array;
  try {
    payload = encode(data);
  } catch (error) {
    throw new ConfigurationError(`${file}: the data cannot be encoded (${(error as Error).message}), expected plain data: numbers, texts, arrays, plain objects and typed arrays`);
  }
  writeFileAtomically(file, (target) => {
    target.write(Buffer.from(`gaugegrad ${name} ${version} ${payload.length} ${sha256Hex([payload])}\n`, "latin1"));
    target.write(payload);
  });
}

/**
 * Reads and verifies a container; `checksum` is the SHA-256 of its payload. What the data mean is the caller's to check.
 * @throws FileFormatError for what is no regular file, another kind or version, truncated or altered files, and data that cannot be decoded.
 */
export function readContainer(file: string, { name, version }: ContainerKind): { readonly data: unknown; readonly checksum: string } {
  const bytes = readRegularFile(file, `a ${name} file`);
  const start = bytes.subarray(0, 256).toString("latin1");
  const header = HEADER.exec(start);
  if (!header || header[1] !== name) throw new FileFormatError(`${file}: got no ${name} header (${JSON.stringify(printable(start.slice(0, 20)))}), expected "gaugegrad ${name} ...": the file is damaged or of another kind`);
  if (Number(header[2]) !== version) throw new FileFormatError(`${file}: got ${name} format ${header[2]}, expected ${version}: read it with the version of gaugegrad that wrote it`);
  const payload = bytes.subarray(header[0].length);
  if (payload.length !== Number(header[3])) throw new FileFormatError(`${file}: got ${payload.length} bytes after the header, expected ${header[3]}: the file is ${payload.length < Number(header[3]) ? "truncated" : "longer than it was written"}, thus damaged: copy it again`);
  const checksum = sha256Hex([payload]);
  if (checksum !== header[4]) throw new FileFormatError(`${file}: got the SHA-256 ${checksum}, expected ${header[4]}: the file is damaged or was altered after it was written, copy it again`);
  try {
    return { data: decode(payload), checksum };
  } catch (error) {
    throw new FileFormatError(`${file}: its data cannot be decoded (${printable((error as Error).message).slice(0, 100)}), expected what gaugegrad wrote: the ${name} file comes from elsewhere`);
  }
}
