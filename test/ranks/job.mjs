/**
 * Makes runs in a process that may be one of several ranks, under a launcher or as a thread. Arguments: grid (or "none"), threads, folder of the run files, folder
 * of the runs, then pairs of command (of a run, or flow-train and flow-sample) and name, where name@GRID has a grid of its own; prints a hash over links, weights and
 * metrics of each.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { connect, threadsComm } from "../../dist/backend/index.js";
import { latestCheckpoint } from "../../dist/io/index.js";
import { produce, produceFlow, readFlowRun, readRunFile, resolveRun } from "../../dist/runs/index.js";

const bytesOf = (x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

/** Links, weights and metrics of a run folder as one hash. */
function hashOf(folder) {
  const { links = [], parameters, shards = [] } = latestCheckpoint(folder).state;
  const h = createHash("sha256");
  for (const x of [...links, ...shards.flatMap((s) => s.links)]) h.update(bytesOf(x));
  if (parameters) h.update(bytesOf(parameters.values));
  return h.update(readFileSync(join(folder, "metrics.jsonl"))).digest("hex").slice(0, 16);
}

const [grid, threads, files, folder, ...pairs] = isMainThread ? process.argv.slice(2) : workerData.args;
const comm = isMainThread ? connect() : threadsComm(workerData.memory, workerData.rank, 120);
/** The events of a run, or of one of a flow. */
async function begun(command, file, own, out) {
  const engine = { threads: Number(threads), ...(comm.size > 1 ? { comm } : {}) };
  if (command.startsWith("flow-")) return produceFlow({ command: command.slice(5), run: readFlowRun(file), folder: out, engine });
  const { configuration, ...rest } = await readRunFile(file);
  return produce({ run: resolveRun(command, { ...rest, configuration: { ...configuration, parallel: own === "none" ? {} : { grid: JSON.parse(own) } } }), folder: out, engine });
}

try {
  const hashes = {};
  for (let k = 0; k < pairs.length; k += 2) {
    const [command, job] = pairs.slice(k, k + 2);
    const [name, own = grid] = job.split("@");
    let end;
    for await (const event of await begun(command, join(files, `${name}.toml`), own, join(folder, job))) end = event;
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
