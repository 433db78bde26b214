/** One rank as a worker thread: what is asked for by name, on its part of the lattice. */
import { parentPort, workerData } from "node:worker_threads";
import { lattice } from "gaugegrad";
import { threadsComm } from "../../dist/backend/index.js";
import { determinants } from "./determinants.mjs";
import { files } from "./files.mjs";
import { work } from "./work.mjs";

const all = { ...work, ...files, ...determinants };

const { memory, rank, jobs } = workerData;
const comm = threadsComm(memory, rank, 120);
try {
  const results = jobs.map(({ name, extents, grid, options, folder }) => all[name](lattice(extents, { threads: 1, ...options, comm, ...(grid ? { grid } : {}) }), folder));
  comm.barrier();
  parentPort.postMessage({ results });
} catch (error) {
  comm.close();
  parentPort.postMessage({ error: error.stack });
}
