/** A set of bytes as ranges in order that do not touch. */
export class Spans {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  get count(): number {
    return this.#starts.length;
  }

  /** First range that ends at or behind a place. */
  #first(at: number): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Is some of a range in the set? */
  meets(start: number, end: number): boolean {
    const k = this.#first(start + 1);
    return k < this.#starts.length && this.#starts[k]! < end;
  }

  add(start: number, end: number): void {
    const k = this.#first(start);
    if (k < this.#starts.length && this.#starts[k]! <= start && this.#ends[k]! >= end) return;
    let last = k;
    for (; last < this.#starts.length && this.#starts[last]! <= end; last++) {
      start = Math.min(start, this.#starts[last]!);
      end = Math.max(end, this.#ends[last]!);
    }
    this.#starts.splice(k, last - k, start);
    this.#ends.splice(k, last - k, end);
  }

  /** Takes a range out, and calls `found` for each piece of it that was there. */
  take(start: number, end: number, found: (start: number, end: number) => void): void {
    for (let k = this.#first(start + 1); k < this.#starts.length && this.#starts[k]! < end; ) {
      const [s, e] = [this.#starts[k]!, this.#ends[k]!];
      found(Math.max(s, start), Math.min(e, end));
      const left = [[s, start], [end, e]].filter(([from, to]) => from! < to!) as [number, number][];
      this.#starts.splice(k, 1, ...left.map(([from]) => from));
      this.#ends.splice(k, 1, ...left.map(([, to]) => to));
      k += left.length;
    }
  }
}
