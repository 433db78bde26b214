/** What the engine gives besides JavaScript, in pages and workers: the names of `host.node.ts`. */
import { sha256 as sha256Sum } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Hasher } from "./host.node.ts";

export { Buffer } from "./buffer.browser.ts";
export type { Hasher } from "./host.node.ts";

/** A new SHA-256. */
export function sha256(): Hasher {
  const h = sha256Sum.create();
  return { update: (part) => void h.update(typeof part === "string" ? utf8ToBytes(part) : part), hex: () => bytesToHex(h.digest()) };
}

/** Exclusive or of 32 bytes with the SHA-256 of others. */
export function xorSha256(bytes: Uint8Array, sum: Uint8Array): void {
  sha256Sum(bytes).forEach((x, k) => (sum[k]! ^= x));
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

/** A page has no environment. */
export function environmentVariable(_name: string): string | undefined {
  return undefined;
}

/** A line for people, on the console. */
export function say(line: string): void {
  console.warn(line);
}

/** A random integer below 2^47 that nobody can guess. */
export function unguessable(): number {
  const [low, high] = globalThis.crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  return low + (high % 2 ** 15) * 2 ** 32;
}
