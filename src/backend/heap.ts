/**
 * One growing block of memory for all fields of a lattice, with first-fit reuse of freed pieces. Addresses are bytes; views are
 * taken anew after the memory has grown.
 */
import { BackendError } from "../errors.ts";

/** Where the bytes come from: an ArrayBuffer, or a WebAssembly.Memory that kernels share. */
export interface ByteSource {
  /** Current buffer. */
  buffer(): ArrayBufferLike;
  /** Bytes of it before address 0; none when left out. */
  offset?(): number;
  /** Makes the buffer at least `bytes` long, keeping its contents. @throws when it cannot. */
  grow(bytes: number): void;
  /** Largest possible length. */
  readonly limit: number;
  /** First byte to hand out; default the first but for address 0. */
  readonly first?: number;
  /** Where there is more, for the message that there is no more. */
  readonly elsewhere?: string;
  /** The same bytes in the memory of a device, where kernels run. */
  readonly mirror?: Mirror;
}

/** A device's side of a heap, at the same addresses. Which side has the newer bytes is known range by range. */
export interface Mirror {
  /** Before the host reads a range, or changes some of it. */
  host(at: number, bytes: number, change: boolean): void;
  /** Has the host the newest bytes of a range? */
  has(at: number, bytes: number): boolean;
  /** A range is zero on the host, and becomes so on the device. */
  clear(at: number, bytes: number): void;
  /** Copies blocks of so many bytes, on the device. */
  copy(from: number, fromStride: number, to: number, toStride: number, bytes: number, blocks: number): void;
  /** Writes zeros to blocks of so many bytes, on the device. */
  zero(at: number, stride: number, bytes: number, blocks: number): void;
}

const ALIGN = 64;

/**
 * Bytes set aside for a piece of memory: aligned, and for large pieces a few cache lines more, so that fields of equal size do not start
 * at the same address modulo 4096 and push each other out of the first-level cache.
 */
export function paddedBytes(bytes: number): number {
  return Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN) + (bytes >= 4096 ? 320 : 0);
}

/** One growing block of bytes with first-fit reuse; addresses in bytes, 64-byte aligned. Views are those of the current `generation`. */
export class Heap {
  readonly #source: ByteSource;
  /** Free pieces [start, length], sorted by start. */
  readonly #free: [number, number][] = [];
  #top: number;
  #f64: Float64Array = new Float64Array(0);
  #i32: Int32Array = new Int32Array(0);
  #reals: Float64Array | Float32Array = this.#f64;
  /** Bytes of a number of a field: 8, or 4 in single precision. */
  readonly realBytes: 4 | 8;
  /** Increases whenever views have to be taken anew. */
  generation = 0;

  constructor(source: ByteSource, realBytes: 4 | 8 = 8) {
    this.#source = source;
    this.realBytes = realBytes;
    this.#top = source.first ?? ALIGN;
    this.#refresh();
  }

  get f64(): Float64Array {
    return this.#f64;
  }
  /** Numbers of fields. */
  get reals(): Float64Array | Float32Array {
    return this.#reals;
  }
  get i32(): Int32Array {
    return this.#i32;
  }
  /** Largest possible length. */
  get limit(): number {
    return this.#source.limit;
  }
  get mirror(): Mirror | undefined {
    return this.#source.mirror;
  }
  /** Bytes handed out or kept for reuse. */
  get used(): number {
    return this.#top;
  }

  /** Address of `bytes` zero bytes, 64-byte aligned. @throws BackendError with the bytes needed when memory ends. */
  allocate(bytes: number): number {
    const size = paddedBytes(bytes);
    const k = this.#free.findIndex(([, length]) => length >= size);
    let at: number;
    if (k >= 0) {
      const piece = this.#free[k]!;
      at = piece[0];
      if (piece[1] === size) this.#free.splice(k, 1);
      else {
        piece[0] += size;
        piece[1] -= size;
      }
    } else {
      at = this.#top;
      const end = at + size;
      if (end > this.#source.limit)
        throw new BackendError(`memory: this needs ${end} bytes in all, the backend holds at most ${this.#source.limit}: use a smaller lattice, fewer fields, or checkpoint${this.#source.elsewhere ?? ""}`);
      if (end > this.#f64.byteLength) {
        this.#source.grow(Math.min(this.#source.limit, Math.max(end, Math.floor(this.#f64.byteLength * 1.5))));
        this.#refresh();
      }
      this.#top = end;
    }
    this.#f64.fill(0, at / 8, (at + size) / 8);
    this.mirror?.clear(at, size);
    return at;
  }

  /** Gives back what `allocate` returned for `bytes`. */
  free(at: number, bytes: number): void {
    const size = paddedBytes(bytes);
    let k = this.#free.findIndex(([start]) => start > at);
    if (k < 0) k = this.#free.length;
    this.#free.splice(k, 0, [at, size]);
    this.#join(k);
    if (k > 0) this.#join(k - 1);
    const last = this.#free[this.#free.length - 1];
    if (last && last[0] + last[1] === this.#top) {
      this.#top = last[0];
      this.#free.pop();
    }
  }

  #join(k: number): void {
    const [a, b] = [this.#free[k], this.#free[k + 1]];
    if (a && b && a[0] + a[1] === b[0]) {
      a[1] += b[1];
      this.#free.splice(k + 1, 1);
    }
  }

  #refresh(): void {
    const [buffer, offset] = [this.#source.buffer(), this.#source.offset?.() ?? 0];
    const numbers = Math.floor((buffer.byteLength - offset) / 8);
    this.#f64 = new Float64Array(buffer, offset, numbers);
    this.#i32 = new Int32Array(buffer, offset, 2 * numbers);
    this.#reals = this.realBytes === 8 ? this.#f64 : new Float32Array(buffer, offset, 2 * numbers);
    this.generation++;
  }
}

/** Plain memory for the JavaScript backend. */
export function plainMemory(limit = 2 ** 32): ByteSource {
  let buffer = new ArrayBuffer(1 << 16);
  return {
    limit,
    buffer: () => buffer,
    grow(bytes) {
      let next: ArrayBuffer;
      try {
        next = new ArrayBuffer(Math.ceil(bytes / 8) * 8);
      } catch {
        throw new BackendError(`memory: the system refused ${bytes} bytes: use a smaller lattice, fewer fields, or checkpoint`);
      }
      new Uint8Array(next).set(new Uint8Array(buffer));
      buffer = next;
    },
  };
}
