/** One rank as a worker thread, whose messages and sums go through memory in common as those of ranks of one machine do: its lists of native launches exchange and add by themselves. */
import { parentPort, workerData } from "node:worker_threads";
import { lattice } from "gaugegrad";
import { threadsComm } from "../../dist/backend/index.js";
import { NearRanks } from "../../dist/backend/comm/near.js";
import { Waiting } from "../../dist/backend/comm/waiting.js";
import { work } from "./work.mjs";

const { memory, rank, jobs, shared } = workerData;
const threads = threadsComm(memory, rank, 120);
const waiting = new Waiting({ beat: new Int32Array(new SharedArrayBuffer(8)), begin: () => undefined, end: () => undefined }, true);
const members = Array.from({ length: threads.size }, (_, r) => r);
const near = new NearRanks({ bytes: { reserve: () => true, map: (at, n) => new Uint8Array(shared, at, n) }, rank, members, until: (done) => waiting.until(done) });
let [exchanges, sums] = [0, 0];
const comm = {
  name: "near",
  rank,
  size: threads.size,
  near: threads.size,
  common: { ...near.memory, ...waiting.ways },
  sum: (x) => (sums++, near.reduce(x, (a, b) => a + b)),
  max: (x) => near.reduce(x, Math.max),
  broadcast: (bytes, root) => threads.broadcast(bytes, root),
  barrier: () => near.barrier(),
  exchange(messages, given) {
    exchanges++;
    near.begin(messages);
    for (const m of messages) near.expects(m);
    messages.forEach((m, k) => {
      given?.fill(k);
      near.sends(m);
    });
    near.sent();
    given?.meanwhile();
    near.take();
  },
  split: (color) => threads.split(color),
  leave: (code) => threads.leave(code),
  abort: (code) => threads.abort(code),
  close: () => threads.close(),
};
try {
  const results = jobs.map(({ name, extents, grid, options }) => {
    [exchanges, sums] = [0, 0];
    const hash = work[name](lattice(extents, { threads: 1, ...options, comm, grid }));
    return { hash, exchanges, sums };
  });
  near.barrier();
  parentPort.postMessage({ results });
} catch (error) {
  threads.close();
  parentPort.postMessage({ error: error.stack });
}
