/**
 * Ranks as worker threads of one process on shared memory: no library, runs everywhere, and is how everything that divides a lattice is tested. Each rank
 * writes to a mailbox of its own and reads those of the others between two barriers; data longer than a mailbox go in pieces.
 */
import { BackendError } from "../../errors.ts";
import type { Comm, Ending, ExchangeWork, Message } from "./comm.ts";

/** Memory that the ranks share; goes to each of them by `workerData`. */
export interface ThreadsMemory {
  readonly size: number;
  readonly control: SharedArrayBuffer;
  readonly mail: SharedArrayBuffer;
}

/** Bytes of a mailbox. */
const MAILBOX = 1 << 16;
/** Groups within groups. */
const LEVELS = 4;
/** Words of a group: ranks that have arrived, number of the barrier. */
const WORDS = 2;
/** Turns before a rank sleeps; milliseconds between looks for the end of the others. */
const [SPIN, LOOK] = [2000, 50];

/** Memory for `size` ranks. */
export function threadsMemory(size: number): ThreadsMemory {
  return { size, control: new SharedArrayBuffer(4 * (1 + WORDS * LEVELS * size)), mail: new SharedArrayBuffer(MAILBOX * size) };
}

class ThreadsComm implements Comm {
  readonly name = "threads";
  readonly rank: number;
  readonly size: number;
  readonly near: number;
  readonly #memory: ThreadsMemory;
  readonly #control: Int32Array;
  /** Threads of the group. */
  readonly #members: readonly number[];
  readonly #level: number;
  readonly #seconds: number;

  constructor(memory: ThreadsMemory, members: readonly number[], thread: number, level: number, seconds: number) {
    this.#memory = memory;
    this.#control = new Int32Array(memory.control);
    this.#members = members;
    this.#level = level;
    this.#seconds = seconds;
    this.size = this.near = members.length;
    this.rank = members.indexOf(thread);
  }

  barrier(): void {
    const C = this.#control;
    const at = 1 + WORDS * (this.#level * this.#memory.size + this.#members[0]!);
    const turn = Atomics.load(C, at + 1);
    if (Atomics.add(C, at, 1) + 1 === this.size) {
      Atomics.store(C, at, 0);
      Atomics.add(C, at + 1, 1);
      Atomics.notify(C, at + 1);
      return;
    }
    const begin = performance.now();
    for (let i = 0; Atomics.load(C, at + 1) === turn; i++) {
      if (Atomics.load(C, 0) !== 0) throw new BackendError(`threads: rank ${this.rank} of ${this.size} waited for one that has ended, expected all ranks to make the same calls`);
      if (i < SPIN) continue;
      Atomics.wait(C, at + 1, turn, LOOK);
      if (performance.now() - begin > 1000 * this.#seconds) throw new BackendError(`threads: rank ${this.rank} of ${this.size} waited longer than ${this.#seconds} s for the others, expected all ranks to make the same calls`);
    }
  }

  /** Bytes of every rank in turn: `put` fills the own mailbox with the bytes from `at` on, `take` reads those of the others. */
  #rounds(bytes: number, put: (mail: Uint8Array, at: number, n: number) => void, take: (rank: number, mail: Uint8Array, at: number, n: number) => void): void {
    for (let at = 0; at < bytes; at += MAILBOX) {
      const n = Math.min(MAILBOX, bytes - at);
      put(this.#mail(this.rank, n), at, n);
      this.barrier();
      for (let r = 0; r < this.size; r++) take(r, this.#mail(r, n), at, n);
      this.barrier();
    }
  }

  #mail(rank: number, n: number): Uint8Array {
    return new Uint8Array(this.#memory.mail, MAILBOX * this.#members[rank]!, n);
  }

  /** Element by element, ranks in order. */
  #reduce(x: Float64Array, f: (a: number, b: number) => number): void {
    const own = new Uint8Array(x.buffer, x.byteOffset, x.byteLength).slice();
    this.#rounds(
      own.length,
      (mail, at, n) => mail.set(own.subarray(at, at + n)),
      (r, mail, at, n) => {
        const values = new Float64Array(mail.slice().buffer);
        for (let k = 0; k < n / 8; k++) x[at / 8 + k] = r === 0 ? values[k]! : f(x[at / 8 + k]!, values[k]!);
      },
    );
  }

  sum(x: Float64Array): void {
    this.#reduce(x, (a, b) => a + b);
  }

  max(x: Float64Array): void {
    this.#reduce(x, Math.max);
  }

  broadcast(bytes: Uint8Array, root: number): void {
    this.#rounds(
      bytes.length,
      (mail, at, n) => this.rank === root && mail.set(bytes.subarray(at, at + n)),
      (r, mail, at) => r === root && bytes.set(mail, at),
    );
  }

  exchange(messages: readonly Message[], work?: ExchangeWork): void {
    if (work) for (let k = 0; k < messages.length; k++) work.fill(k);
    work?.meanwhile();
    for (const m of messages) {
      // a message has the same length everywhere
      const [out, back] = [m.send, m.receive].map((x) => new Uint8Array(x.buffer, x.byteOffset, 8 * m.count)) as [Uint8Array, Uint8Array];
      this.#rounds(
        out.length,
        (mail, at, n) => mail.set(out.subarray(at, at + n)),
        (r, mail, at) => r === m.from && back.set(mail, at),
      );
    }
  }

  split(color: number): Comm {
    const colors = new Float64Array(this.size);
    colors[this.rank] = color;
    this.sum(colors);
    if (this.#level + 1 >= LEVELS) throw new BackendError(`threads: got groups within groups deeper than ${LEVELS}, expected fewer`);
    return new ThreadsComm(this.#memory, this.#members.filter((_, r) => colors[r] === color), this.#members[this.rank]!, this.#level + 1, this.#seconds);
  }

  leave(code: number): Promise<Ending> {
    const codes = new Float64Array(this.size);
    codes[this.rank] = code;
    this.sum(codes);
    const failed = codes.findIndex((c) => c !== 0 && c !== 75);
    return Promise.resolve(failed >= 0 ? { code: codes[failed]!, speaker: failed } : { code: codes.includes(75) ? 75 : 0, speaker: 0 });
  }

  abort(code: number): never {
    Atomics.store(this.#control, 0, 1);
    throw new BackendError(`threads: rank ${this.rank} of ${this.size} ended with code ${code}`);
  }

  close(): void {
    Atomics.store(this.#control, 0, 1);
  }
}

/** The group of all threads, for the one with this number. A rank that waits longer than `seconds` gives up: @throws BackendError. */
export function threadsComm(memory: ThreadsMemory, rank: number, seconds = 600): Comm {
  return new ThreadsComm(memory, Array.from({ length: memory.size }, (_, r) => r), rank, 0, seconds);
}
