/** A JSON Lines file that another process appends to: complete lines are read once, a line that is being written waits for its end. */
import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Reads on from where the last call ended; a file that has become shorter is read again from its start. */
export class JsonLines<T> {
  readonly #file: string;
  readonly #accepts: (value: unknown) => value is T;
  #offset = 0;
  #lines = 0;
  #rest = Buffer.alloc(0);
  #records: T[] = [];
  #damaged: number[] = [];

  constructor(file: string, accepts: (value: unknown) => value is T) {
    this.#file = file;
    this.#accepts = accepts;
  }

  get records(): readonly T[] {
    return this.#records;
  }

  /** How many complete lines there are. */
  get lines(): number {
    return this.#lines;
  }

  /** Numbers, from 1, of complete lines that hold no record. */
  get damaged(): readonly number[] {
    return this.#damaged;
  }

  /** Something stands after the last line end: a line that is being written, or that was cut when its writer was killed. */
  get unfinished(): boolean {
    return this.#rest.length > 0;
  }

  /** Forgets everything, for a file that was rewritten. */
  reset(): void {
    [this.#offset, this.#lines, this.#rest, this.#records, this.#damaged] = [0, 0, Buffer.alloc(0), [], []];
  }

  /** Takes what is new; true when there was something. A file that does not exist is empty. */
  update(): boolean {
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (size === this.#offset) return false;
    if (size < this.#offset) this.reset();
    const pieces = [this.#rest, ...this.#read(size)];
    const text = Buffer.concat(pieces);
    const end = text.lastIndexOf(0x0a) + 1;
    this.#rest = text.subarray(end);
    for (const line of text.subarray(0, end).toString("utf8").split("\n").slice(0, -1)) this.#take(line);
    return true;
  }

  #read(size: number): Buffer[] {
    if (size === this.#offset) return [];
    const pieces: Buffer[] = [];
    const fd = openSync(this.#file, "r");
    try {
      while (this.#offset < size) {
        const piece = Buffer.alloc(Math.min(1 << 20, size - this.#offset));
        const n = readSync(fd, piece, 0, piece.length, this.#offset);
        if (n === 0) break;
        pieces.push(piece.subarray(0, n));
        this.#offset += n;
      }
    } finally {
      closeSync(fd);
    }
    return pieces;
  }

  #take(line: string): void {
    this.#lines++;
    if (line.trim() === "") return;
    try {
      const value: unknown = JSON.parse(line);
      if (this.#accepts(value)) {
        this.#records.push(value);
        return;
      }
    } catch {
      // counted below
    }
    this.#damaged.push(this.#lines);
  }
}
