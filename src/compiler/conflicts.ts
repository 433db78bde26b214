/**
 * Which inputs an output of a schedule may not share memory with: those that are read, or read at a displaced site, once the output has been written. Each
 * input is known by its last read and each output by its first write, so that a pair is decided by comparing two places.
 */
import { type Argument, type Schedule, denseReads } from "./ir.ts";
import { atHome } from "./kernels.ts";

/** A step, and a rank inside of it: the instruction, or one of those below. */
interface Place {
  readonly step: number;
  readonly rank: number;
}

/** Before all instructions, behind all of them, and at no certain time: other sites and iterations read while the step writes. */
const [BEGIN, END, ANY] = [-1, 1e9, Infinity];
const NEVER: Place = { step: -1, rank: BEGIN };

export class Conflicts {
  /** Last read of each input, first write of each output. */
  readonly #reads: readonly Place[];
  readonly #writes: readonly (Place | undefined)[];
  /** Addresses of the inputs, and chains of those whose addresses hash alike: the last of each, and for each input the one before it, -1 for none. */
  #addresses: readonly number[] = [];
  readonly #last: Int32Array;
  readonly #before: Int32Array;
  readonly #shift: number;

  constructor(schedule: Schedule) {
    const reads = new Map<number, Place>();
    const writes = new Map<number, Place>();
    const read = (buffer: number, step: number, rank: number): void => {
      const known = reads.get(buffer);
      if (!known || known.step < step || known.rank < rank) reads.set(buffer, { step, rank });
    };
    const write = (buffer: number, step: number, rank: number): void => {
      if (!writes.has(buffer)) writes.set(buffer, { step, rank });
    };
    const argument = (a: Argument, step: number, rank: number): void => {
      if (a.kind !== "slot") read(a.buffer, step, a.kind === "field" && !atHome(a.displacement) ? ANY : rank);
    };
    schedule.steps.forEach((s, step) => {
      if (s.kind === "zero") write(s.buffer, step, BEGIN);
      else if (s.kind === "contraction") {
        for (const b of s.inputs) read(b, step, ANY);
        write(s.output, step, BEGIN);
      } else if (s.kind === "samples") {
        read(s.from, step, ANY);
        write(s.to, step, END);
      }
      else if (s.kind === "solve") {
        for (const b of [...s.captured, s.rhs]) read(b, step, ANY);
        for (const b of s.solutions) write(b, step, BEGIN);
      } else if (s.kind === "loop") {
        for (const b of s.inputs) read(b, step, ANY);
        for (const o of s.outputs) write(o.buffer, step, BEGIN);
      } else if (s.kind === "dense") {
        for (const b of denseReads(s)) read(b, step, ANY);
        for (const o of s.outputs) write(o.buffer, step, BEGIN);
      } else {
        s.instructions.forEach((ins, rank) => {
          for (const a of ins.args) argument(a, step, rank);
          if (ins.target.kind === "buffer") write(ins.target.buffer, step, rank);
        });
        for (const r of s.reductions) {
          argument(r.value, step, END);
          write(r.buffer, step, END);
        }
      }
    });
    this.#reads = schedule.inputs.map((b) => reads.get(b) ?? NEVER);
    this.#writes = schedule.outputs.map((b) => writes.get(b));
    const bits = 32 - Math.clz32(2 * schedule.inputs.length + 1);
    this.#shift = 32 - bits;
    this.#last = new Int32Array(2 ** bits);
    this.#before = new Int32Array(schedule.inputs.length);
  }

  /** Takes the addresses of the inputs. */
  place(addresses: readonly number[]): void {
    this.#addresses = addresses;
    this.#last.fill(-1);
    for (let i = 0; i < addresses.length; i++) {
      const slot = this.#slot(addresses[i]!);
      this.#before[i] = this.#last[slot]!;
      this.#last[slot] = i;
    }
  }

  /** Is one of the inputs at this address read after output j is written? */
  clashes(address: number, j: number): boolean {
    for (let i = this.#last[this.#slot(address)]!; i >= 0; i = this.#before[i]!) if (this.#addresses[i] === address && this.between(i, j)) return true;
    return false;
  }

  /** The upper bits of a multiple by 2^32 over the golden ratio: fields lie at multiples of powers of two. */
  #slot(address: number): number {
    return Math.imul(address / 8, 0x9e3779b1) >>> this.#shift;
  }

  /** Would writing output j to the place of input i destroy values of it that are read later? */
  between(i: number, j: number): boolean {
    const [read, write] = [this.#reads[i]!, this.#writes[j]];
    return write !== undefined && (read.step > write.step || (read.step === write.step && read.rank > write.rank));
  }
}
