/**
 * Makes runs in a process that may be one of several ranks, under a launcher or as a thread. Arguments: grid (or "none"), threads, folder of the run files, folder
 * of the runs, then pairs of command and name, where name@GRID has a grid of its own; prints a hash over links, weights and metrics of each.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { connect, threadsComm } from "../../dist/backend/index.js";
import { latestCheckpoint } from "../../dist/io/index.js";
import { produce, readRunFile, resolveRun } from "../../dist/runs/index.js";

const bytesOf = (x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

/** Links, weights and metrics of a run folder as one hash. */
function hashOf(folder) {
  const { links, parameters, shards = [] } = latestCheckpoint(folder).state;
  const h = createHash("sha256");
  for (const x of [...links, ...shards.flatMap((s) => s.links)]) h.update(bytesOf(x));
  if (parameters) h.update(bytesOf(parameters.values));
  return h.update(readFileSync(join(folder, "metrics.jsonl"))).digest("hex").slice(0, 16);
}

const [grid, threads, files, folder, ...pairs] = isMainThread ? process.argv.slice(2) : workerData.args;
const comm = isMainThread ? connect() : threadsComm(workerData.memory, workerData.rank, 120);
try {
  const hashes = {};
  for (let k = 0; k < pairs.length; k += 2) {
    const [command, job] = pairs.slice(k, k + 2);
    const [name, own = grid] = job.split("@");
    const { configuration, ...file } = await readRunFile(join(files, `${name}.toml`));
    const run = resolveRun(command, { ...file, configuration: { ...configuration, parallel: own === "none" ? {} : { grid: JSON.parse(own) } } });
    let end;
    for await (const event of produce({ run, folder: join(folder, job), engine: { threads: Number(threads), ...(comm.size > 1 ? { comm } : {}) } })) end = event;
    if (end.kind !== "done") throw new Error(`${name}: got ${end.kind}, expected done`);
    if (comm.rank === 0) hashes[job] = hashOf(join(folder, job));
  }
  const said = { size: comm.size, name: comm.name, hashes };
  if (isMainThread && comm.rank === 0) process.stdout.write(`${JSON.stringify(said)}\n`);
  if (!isMainThread) parentPort.postMessage({ results: [said] });
  await comm.leave(0, 60);
  comm.close();
} catch (error) {
  if (isMainThread) throw error;
  comm.close();
  parentPort.postMessage({ error: error.stack });
}
