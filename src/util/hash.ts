/** Hashes for cache keys, provenance and file checks. */
import { sha256 } from "#platform/util/host";

export { crc32, xorSha256 } from "#platform/util/host";

/** SHA-256 of the concatenated parts, hexadecimal. */
export function sha256Hex(parts: readonly (string | Uint8Array)[]): string {
  const h = sha256();
  for (const p of parts) h.update(p);
  return h.hex();
}

const hashes = new WeakMap<Float64Array, string>();

/** SHA-256 of the numbers, bit by bit; computed once for each array, which must not change afterwards. */
export function contentHash(data: Float64Array): string {
  let h = hashes.get(data);
  if (h === undefined) hashes.set(data, (h = sha256Hex([new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])));
  return h;
}
