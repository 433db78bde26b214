/** Hashes for cache keys, provenance and file checks. */
import { createHash } from "node:crypto";

/** SHA-256 of the concatenated parts, hexadecimal. */
export function sha256Hex(parts: readonly (string | Uint8Array)[]): string {
  const h = createHash("sha256");
  for (const p of parts) h.update(p);
  return h.digest("hex");
}

const hashes = new WeakMap<Float64Array, string>();

/** SHA-256 of the numbers, bit by bit; computed once for each array, which must not change afterwards. */
export function contentHash(data: Float64Array): string {
  let h = hashes.get(data);
  if (h === undefined) hashes.set(data, (h = sha256Hex([new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])));
  return h;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** CRC-32 of IEEE 802.3 (reflected 0xEDB88320); pass the previous value to go on with a stream. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let c = ~previous >>> 0;
  for (let k = 0; k < bytes.length; k++) c = TABLE[(c ^ bytes[k]!) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}
