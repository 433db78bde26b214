/**
 * MILC version 5: binary header in the writer's byte order (magic 20103, extents, time stamp, order, two checksums), float32 matrices in
 * the common order from byte 96. Older files: magic 59354, extents, two float32, matrices from byte 28, no checksum.
 */
import type { LinkField } from "../autograd/index.ts";
import { FileFormatError } from "../errors.ts";
import { MilcSums, compareChecksum } from "./checksums.ts";
import { type GaugeData, type GaugeFormat, type WriteFacts, checkExtents, deduceN } from "./gauge-data.ts";
import { type ByteSource, peek } from "./source.ts";
import { streamLinks, writeLinks } from "./stream.ts";
import { Buffer, type WriteTarget, printable } from "../util/index.ts";

const MAGIC = 20103;
const OLD_MAGIC = 59354;
const DATA_AT = 96;
const OLD_DATA_AT = 28;

/** Version and byte order from the magic number. */
function variant(head: Buffer): { readonly old: boolean; readonly littleEndian: boolean } | undefined {
  if (head.length < 4) return undefined;
  for (const littleEndian of [false, true]) {
    const magic = littleEndian ? head.readInt32LE(0) : head.readInt32BE(0);
    if (magic === MAGIC || magic === OLD_MAGIC) return { old: magic === OLD_MAGIC, littleEndian };
  }
  return undefined;
}

export const milc = {
  name: "milc",
  title: "MILC version 5",
  cite: ["github.com/milc-qcd/milc_qcd"],
  matches: (_source, head) => variant(head) !== undefined,
  open(source) {
    const head = peek(source, 0, DATA_AT);
    const { old, littleEndian } = variant(head)!;
    const at = old ? OLD_DATA_AT : DATA_AT;
    if (source.size < at) throw new FileFormatError(`${source.name}: truncated: got ${source.size} bytes, expected a MILC header of ${at} bytes`);
    const word = (k: number): number => (littleEndian ? head.readInt32LE(k) : head.readInt32BE(k));
    const extents = checkExtents(source, [4, 8, 12, 16].map(word));
    const N = deduceN(source, extents, 32, source.size - at);
    const header = old ? oldHeader(head, littleEndian) : newHeader(source, head, word);
    const checksum = new MilcSums();
    const data: GaugeData = {
      format: "milc",
      extents,
      N,
      precision: 32,
      header,
      provenance: header["timeStamp"] ? { creationDate: header["timeStamp"] } : {},
      warnings: [],
      stream(sink, lattice) {
        streamLinks({ source, at, extents, N, precision: 32, littleEndian, checksum }, sink, lattice);
        return compareChecksum(checksum, old ? undefined : `${header["sum29"]} ${header["sum31"]}`);
      },
    };
    return data;
  },
  writer: { precisions: [32], extensions: [".milc"], u1: true, keeps: "date", write: writeMilc },
} as const satisfies GaugeFormat;

function newHeader(source: ByteSource, head: Buffer, word: (at: number) => number): Record<string, string> {
  const order = word(84);
  if (order !== 0) throw new FileFormatError(`${source.name}: MILC site order: got ${order}, expected 0 (natural): files with a site list are not read`);
  return {
    timeStamp: head.subarray(20, 84).toString("latin1").replace(/[^\x20-\x7e]/g, "").trim(),
    sum29: (word(88) >>> 0).toString(16),
    sum31: (word(92) >>> 0).toString(16),
  };
}

function oldHeader(head: Buffer, littleEndian: boolean): Record<string, string> {
  const [c1, c2] = [20, 24].map((k) => (littleEndian ? head.readFloatLE(k) : head.readFloatBE(k)));
  return { c1: String(c1), c2: String(c2) };
}

/** Writes version 5, little endian; the time stamp is the date of creation where that is known. */
function writeMilc(target: WriteTarget, U: LinkField, { provenance }: WriteFacts): void {
  const header = (sums: MilcSums): Buffer => {
    const h = Buffer.alloc(DATA_AT);
    h.writeInt32LE(MAGIC, 0);
    U.lattice.extents.forEach((L, mu) => h.writeInt32LE(L, 4 + 4 * mu));
    h.write(printable(provenance.creationDate ?? "").slice(0, 63), 20, "latin1");
    h.writeUInt32LE(sums.sum29, 88);
    h.writeUInt32LE(sums.sum31, 92);
    return h;
  };
  const sums = new MilcSums();
  target.write(header(sums));
  writeLinks(target, U, { precision: 32, littleEndian: true, checksum: sums });
  target.overwrite(0, header(sums));
}
