/** The checksums of the formats, fed piece by piece while the links stream by. */
import type { Comm } from "../backend/index.ts";
import { crc32 } from "../util/index.ts";
import { gatherNumbers } from "./together.ts";

export interface RunningChecksum {
  /** Bytes of whole sites as they stand in the file. */
  bytes?(chunk: Uint8Array, firstSite: number, bytesPerSite: number): void;
  /** The same piece as 32-bit words of the file's byte order; the halves of a double may be exchanged. */
  words?(chunk: Uint32Array, firstWord: number): void;
  /** What has been summed up so far, to be added to that of other pieces. */
  readonly parts: readonly number[];
  add(parts: readonly number[]): void;
  /** Hexadecimal, blank separated, in the order of the file. */
  text(): string;
}

/** The checksum of all ranks, each of which has seen its own pieces. Collective. */
export function joinChecksum(comm: Comm, sum: RunningChecksum): void {
  if (comm.size === 1) return;
  gatherNumbers(comm, sum.parts).forEach((parts, rank) => rank !== comm.rank && sum.add(parts));
}

function rotate(x: number, n: number): number {
  return n === 0 ? x : (x << n) | (x >>> (32 - n));
}

const hex = (x: number): string => (x >>> 0).toString(16);

/** NERSC: sum of the words modulo 2^32. */
export class WordSum implements RunningChecksum {
  #sum = 0;

  words(chunk: Uint32Array): void {
    let s = this.#sum;
    for (let k = 0; k < chunk.length; k++) s = (s + chunk[k]!) >>> 0;
    this.#sum = s;
  }

  get parts(): number[] {
    return [this.#sum];
  }

  add([x]: readonly number[]): void {
    this.#sum = (this.#sum + x!) >>> 0;
  }

  text(): string {
    return hex(this.#sum);
  }
}

/** MILC version 5: words rotated by their number modulo 29 and 31, exclusive or. */
export class MilcSums implements RunningChecksum {
  sum29 = 0;
  sum31 = 0;

  words(chunk: Uint32Array, firstWord: number): void {
    let [a, b] = [this.sum29, this.sum31];
    let [i, j] = [firstWord % 29, firstWord % 31];
    for (let k = 0; k < chunk.length; k++) {
      const w = chunk[k]!;
      a ^= rotate(w, i);
      b ^= rotate(w, j);
      if (++i === 29) i = 0;
      if (++j === 31) j = 0;
    }
    this.sum29 = a >>> 0;
    this.sum31 = b >>> 0;
  }

  get parts(): number[] {
    return [this.sum29, this.sum31];
  }

  add([a, b]: readonly number[]): void {
    this.sum29 = (this.sum29 ^ a!) >>> 0;
    this.sum31 = (this.sum31 ^ b!) >>> 0;
  }

  text(): string {
    return `${hex(this.sum29)} ${hex(this.sum31)}`;
  }
}

/** SciDAC: CRC-32 of each site's bytes, rotated by the site's number modulo 29 and 31, exclusive or. */
export class ScidacSums implements RunningChecksum {
  suma = 0;
  sumb = 0;

  bytes(chunk: Uint8Array, firstSite: number, bytesPerSite: number): void {
    for (let at = 0, site = firstSite; at < chunk.length; at += bytesPerSite, site++) {
      const c = crc32(chunk.subarray(at, at + bytesPerSite));
      this.suma = (this.suma ^ rotate(c, site % 29)) >>> 0;
      this.sumb = (this.sumb ^ rotate(c, site % 31)) >>> 0;
    }
  }

  get parts(): number[] {
    return [this.suma, this.sumb];
  }

  add([a, b]: readonly number[]): void {
    this.suma = (this.suma ^ a!) >>> 0;
    this.sumb = (this.sumb ^ b!) >>> 0;
  }

  text(): string {
    return `${hex(this.suma)} ${hex(this.sumb)}`;
  }
}

/** Compares with the stored text, leading zeros and case aside. */
export function compareChecksum(sum: RunningChecksum, stored: string | undefined): { readonly checksum: "ok" | "mismatch" | "absent"; readonly detail: string } {
  if (stored === undefined) return { checksum: "absent", detail: "" };
  const normal = (t: string): string => t.trim().toLowerCase().split(/\s+/).map((w) => w.replace(/^(0x)?0*(?=.)/, "")).join(" ");
  const got = sum.text();
  return { checksum: normal(got) === normal(stored) ? "ok" : "mismatch", detail: `checksum of the links ${got}, stored ${normal(stored)}` };
}
