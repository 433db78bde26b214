/** What the engine gives besides JavaScript, in Node. `host.browser.ts` has the same names for pages and workers. */
import { Buffer as NodeBuffer } from "node:buffer";
import { createHash, hash, randomInt } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";


/** Bytes with readers and writers of numbers and texts: Node's own. */
export const Buffer = NodeBuffer;
/** Such bytes. */
export type Buffer = NodeBuffer;

/** A running SHA-256. */
export interface Hasher {
  update(part: string | Uint8Array): void;
  /** Hexadecimal; ends the sum. */
  hex(): string;
}

/** A new SHA-256. */
export function sha256(): Hasher {
  const h = createHash("sha256");
  return { update: (part) => void h.update(part), hex: () => h.digest("hex") };
}

/** Exclusive or of 32 bytes with the SHA-256 of others. */
export function xorSha256(bytes: Uint8Array, sum: Uint8Array): void {
  const digest = hash("sha256", bytes, "binary");
  for (let k = 0; k < 32; k++) sum[k]! ^= digest.charCodeAt(k);
}

/** CRC-32 of IEEE 802.3 (reflected 0xEDB88320); pass the previous value to go on with a stream. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  return zlibCrc32(bytes, previous);
}

/** A variable of the environment. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

/** A line for people, beside the data. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A random integer below 2^47 that nobody can guess. */
export function unguessable(): number {
  return randomInt(2 ** 47);
}
