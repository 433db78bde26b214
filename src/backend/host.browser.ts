/** Threads and flags of the engine, in pages and workers: the names of `host.node.ts`. */
import type { PoolMessage, ThreadStart } from "./workers.ts";

interface PageWorker {
  postMessage(message: unknown): void;
}
interface Page {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly WorkerGlobalScope?: object;
  readonly Worker?: new (url: string) => PageWorker;
}
const page = globalThis as unknown as Page;
const { Blob: PageBlob, URL: PageUrl } = globalThis as unknown as { readonly Blob: new (parts: readonly string[], options: { type: string }) => object; readonly URL: { createObjectURL(blob: object): string } };

/** Browsers let no page set flags. */
export function setEngineFlag(_flag: string): void {}

/** Threads can share memory where the page is cross-origin isolated and may start workers. */
export function canThread(): boolean {
  return page.crossOriginIsolated === true && page.Worker !== undefined;
}

/** Processors that the browser admits to. */
export function processors(): number {
  return page.navigator?.hardwareConcurrency ?? 1;
}

/** The thread of a page may not sleep; workers may. */
export const maySleep = page.WorkerGlobalScope !== undefined;

/*
 * A worker of a page receives messages only between tasks, and starts only when the page gets round to it. So it tells how many modules it has
 * (`known`), returns to its events when another one is under way (`sent`), and the pool gives work only to those that have all.
 */
const source = `
const { sin, cos, tan, tanh, exp, log, atan2 } = Math;
const modules = new Map();
let wake;
let start;
onmessage = ({ data }) => {
  if (data.control) start = data;
  else modules.set(data.id, new WebAssembly.Instance(data.module, { env: { memory: data.memory, sin, cos, tan, tanh, exp, log, atan2 } }).exports);
  wake?.();
  if (data.control) run();
};
const event = () => new Promise((done) => (wake = done));
async function run() {
  const { control, rank, spin, FIELDS, WORDS } = start;
  const C = new Int32Array(control);
  const at = FIELDS + WORDS * rank;
  let job = Atomics.load(C, 0);
  for (;;) {
    while (modules.size < Atomics.load(C, 4)) await event();
    Atomics.store(C, at + 4, modules.size);
    let next = Atomics.load(C, 0);
    for (let i = 0; next === job && i < spin; i++) next = Atomics.load(C, 0);
    if (next === job) { if (Atomics.load(C, 4) === modules.size) Atomics.wait(C, 0, job); continue; }
    job = next;
    if (C[at + 2] < C[at + 3]) modules.get(C[1])["k" + C[2]](C[3], C[at + 1], C[at + 2], C[at + 3]);
    Atomics.store(C, at, job);
    Atomics.notify(C, at);
  }
}
`;

/** Starts a worker. It has what it is sent when it says so in the control block: nothing `arrived` by sending. */
export function startThread(start: ThreadStart, _arrived: () => void): (message: PoolMessage) => void {
  const url = PageUrl.createObjectURL(new PageBlob([source], { type: "text/javascript" }));
  const worker = new page.Worker!(url);
  worker.postMessage(start);
  return (message) => worker.postMessage(message);
}
