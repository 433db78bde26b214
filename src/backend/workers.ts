/**
 * Worker threads that run ranges of chunks of a kernel on shared memory. The main thread takes its share and waits; results do not
 * depend on the number of threads, because sums are kept chunk by chunk. Workers never keep the process alive.
 */
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import type { WasmMemory, WasmModule } from "./webassembly.ts";

/** Words of the control block: job number, module, kernel, parameter table, scratch, chunk range; then one done-counter a worker. */
const JOB = 0;
const FIELDS = 8;
/** Turns of busy waiting before a worker sleeps. */
const SPIN = 20000;

const source = `
const { workerData, receiveMessageOnPort } = require("node:worker_threads");
const { control, port, rank, spin, FIELDS } = workerData;
const C = new Int32Array(control);
const { sin, cos, tan, tanh, exp, log, atan2 } = Math;
const modules = new Map();
let job = 0;
for (;;) {
  let next = Atomics.load(C, 0);
  for (let i = 0; next === job && i < spin; i++) next = Atomics.load(C, 0);
  if (next === job) { Atomics.wait(C, 0, job); continue; }
  job = next;
  for (let m; (m = receiveMessageOnPort(port)); ) {
    const { id, module, memory } = m.message;
    modules.set(id, new WebAssembly.Instance(module, { env: { memory, sin, cos, tan, tanh, exp, log, atan2 } }).exports);
  }
  const at = FIELDS + 4 * rank;
  if (C[at + 2] < C[at + 3]) modules.get(C[1])["k" + C[2]](C[3], C[at + 1], C[at + 2], C[at + 3]);
  Atomics.store(C, at, job);
  Atomics.notify(C, at);
}
`;

type Kernel = (P: number, S: number, c0: number, c1: number) => void;

/** Workers that share the chunks of a kernel with the main thread, which waits for them; same bits for any number. */
export class WorkerPool {
  readonly #control: Int32Array;
  readonly #ports: MessagePort[] = [];
  readonly #size: number;
  #modules = 0;
  #job = 0;

  /** Starts `size` workers besides the main thread. */
  constructor(size: number) {
    this.#size = size;
    const control = new SharedArrayBuffer(4 * (FIELDS + 4 * size));
    this.#control = new Int32Array(control);
    for (let rank = 0; rank < size; rank++) {
      const { port1, port2 } = new MessageChannel();
      const worker = new Worker(source, {
        eval: true,
        workerData: { control, port: port2, rank, spin: SPIN, FIELDS },
        transferList: [port2],
      });
      worker.unref();
      port1.unref();
      this.#ports.push(port1);
    }
  }

  /** Hands a module to every worker; they take it up with their next job. */
  add(module: WasmModule, memory: WasmMemory): number {
    const id = this.#modules++;
    for (const port of this.#ports) port.postMessage({ id, module, memory });
    return id;
  }

  /** Runs all chunks of a kernel, split evenly; returns when all are done. */
  run(module: number, kernel: number, parameters: number, scratch: number, scratchBytes: number, chunks: number, own: Kernel): void {
    const C = this.#control;
    const share = chunks / (this.#size + 1);
    C[1] = module;
    C[2] = kernel;
    C[3] = parameters;
    for (let r = 0; r < this.#size; r++) {
      const at = FIELDS + 4 * r;
      C[at + 1] = scratch + (r + 1) * scratchBytes;
      C[at + 2] = Math.round((r + 1) * share);
      C[at + 3] = Math.round((r + 2) * share);
    }
    const job = (this.#job = (this.#job + 1) | 0);
    Atomics.store(C, JOB, job);
    Atomics.notify(C, JOB);
    own(parameters, scratch, 0, Math.round(share));
    for (let r = 0; r < this.#size; r++) {
      const at = FIELDS + 4 * r;
      let done = Atomics.load(C, at);
      for (let i = 0; done !== job; i++) {
        if (i > SPIN) Atomics.wait(C, at, done, 50);
        done = Atomics.load(C, at);
      }
    }
  }
}
