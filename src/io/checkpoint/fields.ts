/** Values of fields in a checkpoint: marks in the head stand for them, and their numbers follow behind it. */
import { LiveValues, type SiteValues } from "../../autograd/index.ts";
import { closeFile, openRegularFile, readFully, xorSha256 } from "../../util/index.ts";
import { HOST_LITTLE, eachRun, realsOf } from "../stream.ts";

/** Fields side by side. */
export type Group = Pick<SiteValues, "components" | "sites">;

/** Key of a mark. */
const MARK = "gaugegrad fields";
/** Bytes of one piece, and of the number of a site. */
const [PIECE, NUMBER] = [1 << 20, 4];

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && (Object.getPrototypeOf(x) === Object.prototype || Object.getPrototypeOf(x) === null);

/** The data with marks instead of live values, which are listed. */
export function marked(x: unknown, found: LiveValues[]): unknown {
  if (x instanceof LiveValues) {
    found.push(x);
    return { [MARK]: { components: x.components, sites: x.sites } };
  }
  if (Array.isArray(x)) return x.map((y) => marked(y, found));
  return isRecord(x) ? Object.fromEntries(Object.entries(x).map(([key, y]) => [key, marked(y, found)])) : x;
}

/** The data with values instead of marks, in their order; without values `found` is told what the marks say. */
export function unmarked(x: unknown, values: StoredValues[] | undefined, later: boolean, found?: (group: Group) => void): unknown {
  let next = 0;
  const walk = (y: unknown): unknown => {
    if (Array.isArray(y)) return y.map(walk);
    if (!isRecord(y)) return y;
    const mark = y[MARK] as Group | undefined;
    if (!isGroup(mark)) return Object.fromEntries(Object.entries(y).map(([key, z]) => [key, walk(z)]));
    found?.(mark);
    return values && (later ? values[next++] : values[next++]!.arrays());
  };
  return walk(x);
}

const isGroup = (x: unknown): x is Group => isRecord(x) && Number.isSafeInteger(x["sites"]) && (x["sites"] as number) > 0 && Array.isArray(x["components"]) && x["components"].length > 0 && x["components"].every((n) => Number.isSafeInteger(n) && n > 0);

/** The exclusive or of the SHA-256 of sites. */
export class SiteDigest {
  readonly sum = new Uint8Array(32);
  readonly #site: Uint8Array;
  readonly #number: DataView;

  /** `size`: bytes of a site. */
  constructor(size: number) {
    this.#site = new Uint8Array(NUMBER + size);
    this.#number = new DataView(this.#site.buffer);
  }

  add(sites: Int32Array, bytes: Uint8Array): void {
    const size = this.#site.length - NUMBER;
    for (let k = 0; k < sites.length; k++) {
      this.#number.setUint32(0, sites[k]!, true);
      this.#site.set(bytes.subarray(k * size, (k + 1) * size), NUMBER);
      xorSha256(this.#site, this.sum);
    }
  }
}

/** Values in a file. */
export class StoredValues implements SiteValues {
  readonly components: readonly number[];
  readonly sites: number;
  readonly #file: string;
  readonly #at: number;
  readonly #size: number;

  constructor(file: string, at: number, { components, sites }: Group) {
    this.#file = file;
    this.#at = at;
    this.components = components;
    this.sites = sites;
    this.#size = 8 * components.reduce((s, n) => s + n, 0);
  }

  read(sites: Int32Array, out: Float64Array): void {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, this.#size * sites.length);
    this.#opened((read) => eachRun(sites, (k, first, count) => read(first, bytes.subarray(this.#size * k, this.#size * (k + count)))));
    if (!HOST_LITTLE) realsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 64, true);
  }

  /** The sum of the `part`-th of so many parts of the sites. */
  digest(part: number, parts: number): Uint8Array {
    const digest = new SiteDigest(this.#size);
    const end = Math.floor((this.sites * (part + 1)) / parts);
    const most = Math.max(1, Math.floor(PIECE / this.#size));
    const buffer = new Uint8Array(most * this.#size);
    this.#opened((read) => {
      for (let first = Math.floor((this.sites * part) / parts); first < end; first += most) {
        const sites = Int32Array.from({ length: Math.min(most, end - first) }, (_, k) => first + k);
        const bytes = buffer.subarray(0, sites.length * this.#size);
        read(first, bytes);
        digest.add(sites, bytes);
      }
    });
    return digest.sum;
  }

  /** One canonical array a field. */
  arrays(): Float64Array[] {
    const out = this.components.map((n) => new Float64Array(n * this.sites));
    const perSite = this.#size / 8;
    const most = Math.max(1, Math.floor(PIECE / this.#size));
    const piece = new Float64Array(most * perSite);
    for (let first = 0; first < this.sites; first += most) {
      const count = Math.min(most, this.sites - first);
      this.read(Int32Array.from({ length: count }, (_, k) => first + k), piece);
      let at = 0;
      this.components.forEach((n, f) => {
        for (let k = 0; k < count; k++) out[f]!.set(piece.subarray(k * perSite + at, k * perSite + at + n), (first + k) * n);
        at += n;
      });
    }
    return out;
  }

  #opened(f: (read: (site: number, bytes: Uint8Array) => void) => void): void {
    const { handle } = openRegularFile(this.#file, "a checkpoint file");
    try {
      f((site, bytes) => readFully(this.#file, handle, this.#at + site * this.#size, bytes));
    } finally {
      closeFile(handle);
    }
  }
}
