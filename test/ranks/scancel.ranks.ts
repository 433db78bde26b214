/** Slurm for longer: scancel, a rank that is killed, and MPICH where both are here. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Scratch, lines } from "../cli/runs.ts";
import { mpich, openMpi } from "./launchers.ts";
import { type SlurmCluster, startSlurm } from "./slurm-cluster.ts";
import { bits, events, main, project, script, signalled } from "./slurm-jobs.ts";

const scratch = new Scratch();
const started = startSlurm(scratch.path());
const problem = typeof started === "string" ? started : undefined;
if (problem !== undefined) console.log(`Slurm: skipped, ${problem}`);

describe.skipIf(problem !== undefined)("Slurm", () => {
  const slurm = started as SlurmCluster;
  afterAll(() => {
    slurm[Symbol.dispose]();
    scratch[Symbol.dispose]();
  });

  test.skipIf(!openMpi || !mpich).concurrent("pmi2: the signal before the limit, back into the queue, on from the checkpoint: the bits of one process", () => signalled(slurm, scratch, "pmi2"));

  test.concurrent("scancel, a rank that is killed: the same script goes on", async () => {
    const { folder, alone } = project(scratch, 200, 100);
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
