/**
 * A node that is lost: two nodes on this machine, by a remote shell that starts what it is given here, and two of Slurm. The daemon of one of them and its rank are killed at once; the
 * job ends, and the same command goes on from the last checkpoint.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkpointPositions } from "../../src/io/index.ts";
import { Scratch, finalBits, start } from "../cli/runs.ts";
import { type LauncherHere, launch, launchers, mpich } from "./launchers.ts";
import { onNodes } from "./nodes.ts";
import { startSlurm } from "./slurm-cluster.ts";
import { bits, events, project, script } from "./slurm-jobs.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** What the daemon of a node is called, and how a launcher ends when it has lost one. */
const WAYS: Readonly<Record<LauncherHere["name"], { readonly daemon: RegExp; readonly code: number }>> = {
  "Open MPI": { daemon: /orted$/, code: 205 },
  MPICH: { daemon: /hydra_pmi_proxy$/, code: 255 },
};

/** Processes of a node, the daemon first. */
function processesOf(folder: string, node: string, daemon: RegExp): number[] {
  const found = readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`TMPDIR=${folder}/${node}`)) return [];
      const name = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0")[0]!;
      return [{ pid: Number(pid), name }];
    } catch {
      return [];
    }
  });
  return [...found.filter((p) => daemon.test(p.name)), ...found.filter((p) => p.name === process.execPath)].map((p) => p.pid);
}

/** Slurm with two nodes, where it and MPICH are. */
const started = mpich ? startSlurm(scratch.path(), 2) : "got no MPICH: apt install mpich";
if (typeof started === "string") console.log(`Slurm with two nodes: skipped, ${started}`);
afterAll(() => typeof started !== "string" && started[Symbol.dispose]());

describe.skipIf(launchers.length === 0)("a lost node", () => {
  for (const launcher of launchers)
    test(launcher.name, async () => {
      const folder = scratch.path();
      mkdirSync(folder);
      const file = join(folder, "run.toml");
      writeFileSync(file, 'group = "U(1)"\nlattice.extents = [4, 8]\nstart.kind = "hot"\naction = { kind = "wilson", beta = 2.0 }\nsampler = { steps = 2, seed = 1, trajectories = 400 }\noutput.checkpoint = 5\nchecks.every = 0\nmeasurement.observables = []\n');
      const args = (out: string): string[] => [main, "hmc", file, "--dir", join(folder, out), "--threads", "1", "--quiet"];
      const { daemon, code } = WAYS[launcher.name];
      let ended = false;
      const lost = launch(onNodes(launcher, folder, 1), 2, args("run"), { GAUGEGRAD_MPI_TIMEOUT: "60" }).finally(() => (ended = true));
      const position = (): number => (readdirSync(folder).includes("run") ? (checkpointPositions(join(folder, "run"))[0] ?? 0) : 0);
      while (position() < 10 && !ended) await new Promise((again) => setTimeout(again, 20));
      const node = processesOf(folder, "node-b", daemon);
      expect({ ended, processes: node.length }).toEqual({ ended: false, processes: 2 });
      for (const pid of node) process.kill(pid, "SIGKILL");
      const begin = performance.now();
      expect((await lost).code).toBe(code);
      console.log(`${launcher.name}: the job ended ${((performance.now() - begin) / 1000).toFixed(1)} s after the loss, with code ${code}, at ${position()} of 400`);
      expect(processesOf(folder, "node-a", daemon)).toEqual([]);
      expect(await start(args("run").slice(1)).ended).toMatchObject({ code: 0, stderr: "" });
      expect(await start(args("whole").slice(1)).ended).toMatchObject({ code: 0, stderr: "" });
      expect(finalBits(join(folder, "run"))).toEqual(finalBits(join(folder, "whole")));
    });

  test.skipIf(typeof started === "string")("Slurm: the job goes back into the queue, and on from the checkpoint", async () => {
    const slurm = started as Exclude<typeof started, string>;
    const { folder, alone } = project(scratch, 120, 200);
    const out = join(folder, "run");
    const job = slurm.submit(script(folder, ["--nodes", "2", "--ntasks", "2", "--mpi", "pmi2", "--time", "00:10:00"]), folder);
    while (!readdirSync(folder).includes("run") || (checkpointPositions(out)[0] ?? 0) < 10) await new Promise((again) => setTimeout(again, 50));
    // the service, the manager of the step, and the rank; on the first one those of the script besides
    expect(slurm.loseNode("node2")).toBeGreaterThan(2);
    // Slurm notices when the node has been silent for long enough
    for (let left = 120; left > 0 && slurm.show(job).includes("JobState=RUNNING"); left--) await new Promise((again) => setTimeout(again, 1000));
    expect(slurm.show(job)).not.toContain("JobState=RUNNING");
    slurm.startNode("node2");
    expect(await slurm.ended(job, () => bits(out).done), readFileSync(join(folder, `run-${job}.log`), "utf8")).toEqual(["COMPLETED"]);
    expect(events(out).map((e) => e.kind)).toEqual(expect.arrayContaining(["start", "resume", "done"]));
    expect(bits(out)).toEqual(await alone(0));
  });
});
