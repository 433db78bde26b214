/** Slurm for real, on this machine: the scripts that `gaugegrad slurm` prints, as they are or with a shorter limit. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { latestCheckpoint } from "../../src/io/index.ts";
import { readRunFile, resolveRun, produce } from "../../src/runs/index.ts";
import type { CheckpointState, EventRecord } from "../../src/runs/records.ts";
import { Scratch, lines } from "../cli/runs.ts";
import { mpich, openMpi } from "./launchers.ts";
import { type SlurmCluster, startSlurm } from "./slurm-cluster.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const scratch = new Scratch();
const started = startSlurm(scratch.path());
const problem = typeof started === "string" ? started : undefined;
if (problem !== undefined) console.log(`Slurm: skipped, ${problem}`);

/** `slow`: an observable that sleeps, so that the run is still there when the limit comes, on any machine. */
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
export default observable({ name: "slow", options: z.strictObject({ milliseconds: z.number() }), measure: (U, { milliseconds }) => (process.env["SLURM_JOB_ID"] && Atomics.wait(bed, 0, 0, milliseconds), plaquettes(U).mean) });
`;

/** A folder with a run file; the bits of its run on this process, by stream. */
function project(trajectories: number, slow = 0): { readonly folder: string; readonly alone: (stream: number) => Promise<Bits> } {
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

interface Bits {
  readonly links: string;
  readonly metrics: string;
  readonly done: boolean;
}
function bits(out: string): Bits {
  const { links, done } = latestCheckpoint(out)!.state as CheckpointState;
  return { links: links.map((x) => Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString("hex")).join("\n"), metrics: readFileSync(join(out, "metrics.jsonl"), "utf8"), done };
}
const events = (out: string): EventRecord[] => readFileSync(join(out, "events.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as EventRecord);

/** The script that the command line prints, with the program of this checkout. */
function script(folder: string, flags: readonly string[], change: (text: string) => string = (x) => x): string {
  const { stdout, status } = spawnSync(process.execPath, [main, "slurm", "run.toml", ...flags], { encoding: "utf8", cwd: folder });
  expect(status).toBe(0);
  const file = join(folder, "job.sh");
  writeFileSync(file, change(stdout).replace("\n\n", `\n\nexport GAUGEGRAD="${process.execPath} ${main}"\n`));
  return file;
}

describe.skipIf(problem !== undefined)("Slurm", () => {
  const slurm = started as SlurmCluster;
  afterAll(() => {
    slurm[Symbol.dispose]();
    scratch[Symbol.dispose]();
  });

  test.concurrent("an array of 4 chains has the bits of 4 runs, and a member that is done says so", async () => {
    const { folder, alone } = project(10);
    const job = script(folder, ["--array", "4", "--time", "00:10:00"]);
    for (const again of [false, true]) {
      expect(await slurm.ended(slurm.submit(job, folder))).toEqual(Array.from({ length: 4 }, () => "COMPLETED"));
      for (let k = 0; k < 4 && !again; k++) expect(bits(join(folder, `run/chain-${k}`))).toEqual(await alone(k));
    }
    expect(events(join(folder, "run/chain-3")).map((e) => e.kind)).toEqual(["start", "done"]);
  });

  for (const mpi of [...(openMpi ? ["pmix"] : []), ...(mpich ? ["pmi2"] : [])])
    test.concurrent(`${mpi}: the signal before the limit, back into the queue, on from the checkpoint: the bits of one process`, async () => {
      const { folder, alone } = project(90, 800);
      // Slurm looks every half minute, and comes up to half a minute early: here 15 to 45 seconds after the start
      const job = slurm.submit(script(folder, ["--ntasks", "2", "--mpi", mpi, "--time", "00:05:00"], (t) => t.replace("--time=00:05:00", "--time=00:02:00").replace("USR1@120", "USR1@75")), folder);
      const out = join(folder, "run");
      expect(await slurm.ended(job, () => bits(out).done)).toEqual(["COMPLETED"]);
      const life = events(out);
      expect(life.map((e) => e.kind)).toEqual(expect.arrayContaining(["start", "stop", "resume", "done"]));
      expect(life.find((e) => e.kind === "stop")!.text).toMatch(/SIGUSR1/);
      expect(bits(out)).toEqual(await alone(0));
    });

  test.concurrent("scancel, a rank that is killed: the same script goes on", async () => {
    const { folder, alone } = project(200, 100);
    const out = join(folder, "run");
    const file = script(folder, ["--ntasks", "2", "--time", "00:10:00", ...(openMpi ? [] : ["--mpi", "pmi2"])]);
    const first = slurm.submit(file, folder);
    await lines(join(out, "metrics.jsonl"), 8);
    slurm.run("scancel", first);
    expect(await slurm.ended(first)).toEqual(["CANCELLED"]);
    const second = slurm.submit(file, folder);
    while (!events(out).some((e) => e.kind === "resume")) await new Promise((again) => setTimeout(again, 50));
    // not the one that writes
    const [pid] = spawnSync("pgrep", ["-f", `${main} hmc run.toml --dir run`], { encoding: "utf8" }).stdout.split("\n").filter((p) => inJob(p, second) && environmentOf(p).includes("SLURM_PROCID=1"));
    process.kill(Number(pid), "SIGKILL");
    expect(await slurm.ended(second, () => bits(out).done)).toEqual(["COMPLETED"]);
    expect(bits(out)).toEqual(await alone(0));
  });
});

const environmentOf = (pid: string): string[] => (existsSync(`/proc/${pid}/environ`) ? readFileSync(`/proc/${pid}/environ`, "latin1").split("\0") : []);
const inJob = (pid: string, job: string): boolean => pid !== "" && environmentOf(pid).includes(`SLURM_JOB_ID=${job}`);
