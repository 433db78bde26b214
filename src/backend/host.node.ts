/** Threads and flags of the engine, in Node. `host.browser.ts` has the same names for pages and workers. */
import { availableParallelism } from "node:os";
import v8 from "node:v8";
import { MessageChannel, Worker } from "node:worker_threads";
import type { PoolMessage, ThreadStart } from "./workers.ts";

/** Sets a flag of the engine where that can be done while it runs. */
export function setEngineFlag(flag: string): void {
  v8.setFlagsFromString(flag);
}

/** Threads can share memory. */
export function canThread(): boolean {
  return true;
}

/** Processors of the machine that this process may use. */
export function processors(): number {
  return availableParallelism();
}

/** This thread may sleep until another one wakes it. */
export const maySleep = true;

const source = `
const { workerData, receiveMessageOnPort } = require("node:worker_threads");
const { control, port, rank, spin, FIELDS, WORDS } = workerData;
const C = new Int32Array(control);
const { sin, cos, tan, tanh, exp, log, atan2 } = Math;
const modules = new Map();
const at = FIELDS + WORDS * rank;
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
  if (C[at + 2] < C[at + 3]) modules.get(C[1])["k" + C[2]](C[3], C[at + 1], C[at + 2], C[at + 3]);
  Atomics.store(C, at, job);
  Atomics.notify(C, at);
}
`;

/** Starts a worker, which never keeps the process alive. It takes up what it is sent with its next job, without waiting: it counts as having everything. */
export function startThread(start: ThreadStart, arrived: () => void): (message: PoolMessage) => void {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(source, { eval: true, workerData: { ...start, port: port2 }, transferList: [port2] });
  worker.unref();
  port1.unref();
  return (message) => {
    port1.postMessage(message);
    arrived();
  };
}
