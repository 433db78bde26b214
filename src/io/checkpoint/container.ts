/**
 * One checkpoint in one file: a line of text, `gaugegrad checkpoint VERSION BYTES SHA256`, and that many bytes of encoded plain data. The
 * file appears complete or not at all, and a reader notices every bit that changed since.
 */
import { readFileSync } from "node:fs";
import { FileFormatError } from "../../errors.ts";
import { decode, encode, sha256Hex } from "../../util/index.ts";
import { writeAtomically } from "../atomic.ts";

const VERSION = 1;
const HEADER = /^gaugegrad checkpoint (\d{1,9}) (\d{1,15}) ([0-9a-f]{64})\n/;

/** Writes plain data (typed arrays included). @throws FileFormatError when the folder cannot be written or the disk is full; what stood at `file` stays. */
export function writeCheckpoint(file: string, state: unknown): void {
  const payload = encode(state);
  writeAtomically(file, (target) => {
    target.write(Buffer.from(`gaugegrad checkpoint ${VERSION} ${payload.length} ${sha256Hex([payload])}\n`, "latin1"));
    target.write(payload);
  });
}

/** Reads and verifies a checkpoint. @throws FileFormatError for a file of another kind or version, a truncated or an altered one. */
export function readCheckpoint(file: string): unknown {
  const bytes = readFileSync(file);
  const header = HEADER.exec(bytes.subarray(0, 256).toString("latin1"));
  if (!header) throw new FileFormatError(`${file}: got no checkpoint header, expected "gaugegrad checkpoint ...": the file is damaged or of another kind`);
  const [line, version, count, checksum] = header;
  if (Number(version) !== VERSION) throw new FileFormatError(`${file}: got checkpoint format ${version}, expected ${VERSION}: read it with the version of gaugegrad that wrote it`);
  const payload = bytes.subarray(line.length);
  if (payload.length !== Number(count)) throw new FileFormatError(`${file}: got ${payload.length} bytes after the header, expected ${count}: the file is damaged`);
  const found = sha256Hex([payload]);
  if (found !== checksum) throw new FileFormatError(`${file}: got the SHA-256 ${found}, expected ${checksum}: the file is damaged`);
  return decode(payload);
}
