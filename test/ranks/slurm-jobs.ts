/** Runs that the scripts of `gaugegrad slurm` make, and the bits of the same runs without Slurm. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { latestCheckpoint } from "../../src/io/index.ts";
import { produce, readRunFile, resolveRun } from "../../src/runs/index.ts";
import type { CheckpointState, EventRecord } from "../../src/runs/records.ts";
import type { Scratch } from "../cli/runs.ts";
import type { SlurmCluster } from "./slurm-cluster.ts";

export const main = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** `slow`: an observable that sleeps in a job's first start, so that the run is still there when the limit comes, on any machine. */
const text = (trajectories: number, slow = 0): string => `group = "U(1)"
lattice.extents = [4, 8]
start.kind = "hot"
action = { kind = "wilson", beta = 2.0 }
sampler = { steps = 2, seed = 5, trajectories = ${trajectories} }
output.checkpoint = 5
checks.every = 0
measurement.observables = [${slow > 0 ? `{ module = "./slow.ts", milliseconds = ${slow} }` : '"polyakov"'}]
`;
const SLOW = `import { plaquettes } from "gaugegrad";
import { observable, z } from "gaugegrad/runs";
const bed = new Int32Array(new SharedArrayBuffer(4));
export default observable({ name: "slow", options: z.strictObject({ milliseconds: z.number() }), measure: (U, { milliseconds }) => (process.env["SLURM_JOB_ID"] && !process.env["SLURM_RESTART_COUNT"] && Atomics.wait(bed, 0, 0, milliseconds), plaquettes(U).mean) });
`;

export interface Project {
  readonly folder: string;
  /** The bits of its run on this process, by stream. */
  readonly alone: (stream: number) => Promise<Bits>;
}

/** A folder with a run file. */
export function project(scratch: Scratch, trajectories: number, slow = 0): Project {
  const folder = scratch.path();
  mkdirSync(folder);
  writeFileSync(join(folder, "run.toml"), text(trajectories, slow));
  writeFileSync(join(folder, "slow.ts"), SLOW);
  return {
    folder,
    async alone(stream) {
      const { configuration, ...file } = await readRunFile(join(folder, "run.toml"));
      const run = resolveRun("hmc", { ...file, configuration: { ...configuration, sampler: { ...configuration.sampler, stream } } });
      for await (const _ of produce({ run, folder: join(folder, `alone-${stream}`) }));
      return bits(join(folder, `alone-${stream}`));
    },
  };
}

export interface Bits {
  readonly links: string;
  readonly metrics: string;
  readonly done: boolean;
}
export function bits(out: string): Bits {
  const { links, done } = latestCheckpoint(out)!.state as CheckpointState;
  return { links: links.map((x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString("hex")).join("\n"), metrics: readFileSync(join(out, "metrics.jsonl"), "utf8"), done };
}
/** What stands in its events.jsonl. */
export const events = (out: string): EventRecord[] => readFileSync(join(out, "events.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as EventRecord);

/** The script that the command line prints, with the program of this checkout. */
export function script(folder: string, flags: readonly string[], change: (text: string) => string = (x) => x): string {
  const { stdout, status } = spawnSync(process.execPath, [main, "slurm", "run.toml", ...flags], { encoding: "utf8", cwd: folder });
  expect(status).toBe(0);
  const file = join(folder, "job.sh");
  writeFileSync(file, change(stdout).replace("\n\n", `\n\nexport GAUGEGRAD="${process.execPath} ${main}"\n`));
  return file;
}

/** The signal before the limit of a job of two ranks, back into the queue, on from the checkpoint: the bits of one process. */
export async function signalled(slurm: SlurmCluster, scratch: Scratch, mpi: "pmix" | "pmi2"): Promise<void> {
  const { folder, alone } = project(scratch, 90, 800);
  // Slurm looks every half minute, and comes up to half a minute early: here 30 to 60 seconds after the start, when the slowest machine hears it, and of 72 that the run sleeps
  const job = slurm.submit(script(folder, ["--ntasks", "2", "--mpi", mpi, "--time", "00:05:00"], (t) => t.replace("--time=00:05:00", "--time=00:02:00").replace("USR1@120", "USR1@60")), folder);
  const out = join(folder, "run");
  const log = (): string => readFileSync(join(folder, `run-${job}.log`), "utf8");
  expect(await slurm.ended(job, () => bits(out).done), log()).toEqual(["COMPLETED"]);
  const life = events(out);
  expect(life.map((e) => e.kind)).toEqual(expect.arrayContaining(["start", "stop", "resume", "done"]));
  expect(life.find((e) => e.kind === "stop")!.text).toMatch(/SIGUSR1/);
  expect(bits(out)).toEqual(await alone(0));
}
