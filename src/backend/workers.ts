/**
 * Worker threads that run ranges of chunks of a kernel on shared memory. The main thread takes its share and waits; results do not
 * depend on the number of threads, because sums are kept chunk by chunk. Workers never keep the process alive.
 */
import { maySleep, startThread } from "#platform/backend/host";
import type { WasmMemory, WasmModule } from "./webassembly.ts";

/** Words of the control block: job number, module, kernel, parameter table, modules sent; then `WORDS` for each worker. */
const [JOB, SENT, FIELDS] = [0, 4, 8];
/** Words of a worker: job done, scratch, chunk range, modules known. */
const [SCRATCH, FIRST, LAST, KNOWN, WORDS] = [1, 2, 3, 4, 8];
/** Turns of busy waiting before a worker sleeps. */
const SPIN = 20000;

/** What a worker starts with. */
export interface ThreadStart {
  readonly control: SharedArrayBuffer;
  readonly rank: number;
  readonly spin: number;
  readonly FIELDS: number;
  readonly WORDS: number;
}

/** A module for the workers. */
export interface PoolMessage {
  readonly id: number;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
}

type Kernel = (P: number, S: number, c0: number, c1: number) => void;

/** Workers that share the chunks of a kernel with the main thread, which waits for them; same bits for any number. */
export class WorkerPool {
  readonly #control: Int32Array;
  readonly #send: ((message: PoolMessage) => void)[] = [];
  readonly #size: number;
  /** Ranks at work in a job. */
  readonly #ready: Int32Array;
  #modules = 0;
  #job = 0;

  /** Starts `size` workers besides the main thread. */
  constructor(size: number) {
    this.#size = size;
    this.#ready = new Int32Array(size);
    const control = new SharedArrayBuffer(4 * (FIELDS + WORDS * size));
    const C = (this.#control = new Int32Array(control));
    for (let rank = 0; rank < size; rank++) {
      const known = FIELDS + WORDS * rank + KNOWN;
      this.#send.push(startThread({ control, rank, spin: SPIN, FIELDS, WORDS }, () => Atomics.add(C, known, 1)));
    }
  }

  /** Workers that have all modules: the next job is theirs too. */
  get ready(): number {
    let n = 0;
    for (let r = 0; r < this.#size; r++) if (Atomics.load(this.#control, FIELDS + WORDS * r + KNOWN) === this.#modules) n++;
    return n;
  }

  /** Hands a module to every worker; they take it up with their next job. */
  add(module: WasmModule, memory: WasmMemory): number {
    const id = this.#modules++;
    Atomics.store(this.#control, SENT, this.#modules);
    for (const send of this.#send) send({ id, module, memory });
    Atomics.notify(this.#control, JOB);
    return id;
  }

  /** Runs all chunks of a kernel, split evenly over this thread and the workers that have all modules; returns when all are done. */
  run(module: number, kernel: number, parameters: number, scratch: number, scratchBytes: number, chunks: number, own: Kernel): void {
    const C = this.#control;
    let team = 0;
    for (let r = 0; r < this.#size; r++) {
      const at = FIELDS + WORDS * r;
      if (Atomics.load(C, at + KNOWN) === this.#modules) this.#ready[team++] = r;
      else C[at + FIRST] = C[at + LAST] = 0;
    }
    const share = chunks / (team + 1);
    C[1] = module;
    C[2] = kernel;
    C[3] = parameters;
    for (let k = 0; k < team; k++) {
      const r = this.#ready[k]!;
      const at = FIELDS + WORDS * r;
      C[at + SCRATCH] = scratch + (r + 1) * scratchBytes;
      C[at + FIRST] = Math.round((k + 1) * share);
      C[at + LAST] = Math.round((k + 2) * share);
    }
    const job = (this.#job = (this.#job + 1) | 0);
    Atomics.store(C, JOB, job);
    Atomics.notify(C, JOB);
    own(parameters, scratch, 0, Math.round(share));
    for (let k = 0; k < team; k++) {
      const at = FIELDS + WORDS * this.#ready[k]!;
      let done = Atomics.load(C, at);
      for (let i = 0; done !== job; i++) {
        if (maySleep && i > SPIN) Atomics.wait(C, at, done, 50);
        done = Atomics.load(C, at);
      }
    }
  }
}
