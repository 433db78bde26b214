/** Slurm for real, on this machine: the scripts that `gaugegrad slurm` prints, as they are or with a shorter limit. */
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Scratch } from "../cli/runs.ts";
import { mpich, openMpi } from "./launchers.ts";
import { type SlurmCluster, startSlurm } from "./slurm-cluster.ts";
import { bits, events, project, script, signalled } from "./slurm-jobs.ts";

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

  test.concurrent("an array of 4 chains has the bits of 4 runs, and a member that is done says so", async () => {
    const { folder, alone } = project(scratch, 10);
    const job = script(folder, ["--array", "4", "--time", "00:10:00"]);
    for (const again of [false, true]) {
      expect(await slurm.ended(slurm.submit(job, folder))).toEqual(Array.from({ length: 4 }, () => "COMPLETED"));
      for (let k = 0; k < 4 && !again; k++) expect(bits(join(folder, `run/chain-${k}`))).toEqual(await alone(k));
    }
    expect(events(join(folder, "run/chain-3")).map((e) => e.kind)).toEqual(["start", "done"]);
  });

  const mpi = openMpi ? "pmix" : "pmi2";
  // Slurm's clock and the run's are two: on a busy machine the signal may come before the run can hear it
  test.skipIf(!openMpi && !mpich).concurrent(`${mpi}: the signal before the limit, back into the queue, on from the checkpoint: the bits of one process`, { retry: 1 }, () => signalled(slurm, scratch, mpi));
});
