/** The methods of Node's Buffer that the file formats use, on the bytes of a page. A test compares each with Node's. */

/** Bytes with readers and writers of numbers and of Latin-1 text; everything else is a Uint8Array. */
export class Bytes extends Uint8Array {
  get #view(): DataView {
    return new DataView(this.buffer, this.byteOffset, this.length);
  }

  override subarray(begin?: number, end?: number): Bytes {
    return super.subarray(begin, end) as Bytes;
  }

  override toString(_encoding?: string): string {
    let text = "";
    for (let k = 0; k < this.length; k += 8192) text += String.fromCharCode(...this.subarray(k, k + 8192));
    return text;
  }

  equals(other: Uint8Array): boolean {
    return this.length === other.length && this.every((b, k) => b === other[k]);
  }

  /** Puts the bytes of a text at a position; what does not fit is left out. */
  write(text: string, at: number, _encoding?: string): number {
    const bytes = Buffer.from(text.slice(0, Math.max(0, this.length - at)));
    this.set(bytes, at);
    return bytes.length;
  }

  /** Exchanges the byte order of words of 32 bits in place. */
  swap32(): this {
    return this.#swap(4);
  }

  /** Exchanges the byte order of words of 64 bits in place. */
  swap64(): this {
    return this.#swap(8);
  }

  #swap(size: number): this {
    for (let k = 0; k < this.length; k += size)
      for (let [a, b] = [k, k + size - 1]; a < b; a++, b--) {
        const x = this[a]!;
        this[a] = this[b]!;
        this[b] = x;
      }
    return this;
  }

  readUInt16LE(at = 0): number {
    return this.#view.getUint16(at, true);
  }
  readUInt16BE(at = 0): number {
    return this.#view.getUint16(at);
  }
  readUInt32LE(at = 0): number {
    return this.#view.getUint32(at, true);
  }
  readUInt32BE(at = 0): number {
    return this.#view.getUint32(at);
  }
  readInt32LE(at = 0): number {
    return this.#view.getInt32(at, true);
  }
  readInt32BE(at = 0): number {
    return this.#view.getInt32(at);
  }
  readFloatLE(at = 0): number {
    return this.#view.getFloat32(at, true);
  }
  readFloatBE(at = 0): number {
    return this.#view.getFloat32(at);
  }
  readDoubleLE(at = 0): number {
    return this.#view.getFloat64(at, true);
  }
  readDoubleBE(at = 0): number {
    return this.#view.getFloat64(at);
  }
  readBigUInt64BE(at = 0): bigint {
    return this.#view.getBigUint64(at);
  }
  writeUInt16LE(x: number, at = 0): void {
    this.#view.setUint16(at, x, true);
  }
  writeUInt16BE(x: number, at = 0): void {
    this.#view.setUint16(at, x);
  }
  writeUInt32LE(x: number, at = 0): void {
    this.#view.setUint32(at, x, true);
  }
  writeUInt32BE(x: number, at = 0): void {
    this.#view.setUint32(at, x);
  }
  writeInt32LE(x: number, at = 0): void {
    this.#view.setInt32(at, x, true);
  }
  writeBigUInt64BE(x: bigint, at = 0): void {
    this.#view.setBigUint64(at, x);
  }
}

/** How they are made. */
export const Buffer = {
  /** Bytes of one value. */
  alloc(length: number, value = 0): Bytes {
    return new Bytes(length).fill(value) as Bytes;
  },

  /** The Latin-1 bytes of a text, or a view of memory. */
  from(source: string | ArrayBuffer, _encoding?: "latin1"): Bytes {
    if (typeof source !== "string") return new Bytes(source);
    const bytes = new Bytes(source.length);
    for (let k = 0; k < source.length; k++) bytes[k] = source.charCodeAt(k);
    return bytes;
  },
};
