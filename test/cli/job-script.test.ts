/** Batch scripts run by bash, with stand-ins for what Slurm and PBS bring: what they start, when they come back, and when they end. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { jobScript } from "../../src/runs/index.ts";
import { cli } from "./helpers.ts";
import { Scratch, finalBits, smallRun } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const options = { scheduler: "slurm", command: "hmc", file: "run.toml", folder: "out", nodes: 1, tasks: 1, time: "01:00:00", mpi: "pmix", restarts: 3 } as const;

/** A folder with a script, and programs that stand for those of the batch system: they record how they were called, srun and mpiexec start the rest. */
function place(script: string): { readonly folder: string; readonly run: (environment: Record<string, string>) => number; readonly calls: () => string[] } {
  const folder = scratch.path();
  mkdirSync(join(folder, "bin"), { recursive: true });
  const program = (name: string, text: string): void => {
    writeFileSync(join(folder, "bin", name), `#!/bin/bash\necho "${name} $*" >> "${folder}/calls"\n${text}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  };
  program("srun", 'while [[ "$1" == --* ]]; do shift; done\n"$@"');
  program("mpiexec", 'shift 2\n"$@"');
  program("scontrol", "");
  program("qsub", "[ -t 0 ] || cat > /dev/null");
  program("coded", "exit $CODE");
  writeFileSync(join(folder, "job"), script);
  const run = (environment: Record<string, string>): number =>
    spawnSync("bash", ["job"], { cwd: folder, input: "", env: { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, SLURM_JOB_ID: "7", PBS_O_WORKDIR: folder, GAUGEGRAD: "coded", ...environment } }).status!;
  return { folder, run, calls: () => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : []) };
}

test("an array of chains, stopped and started again, has the bits of chains made at once", { timeout: 300_000 }, async () => {
  const text = smallRun({ thermalise: 2, train: 2, sample: 6, checkpoint: 2 });
  const whole = scratch.path();
  expect((await cli(["slhmc", scratch.file("whole.toml", text), "--dir", whole, "--chains", "2", "--quiet"])).code).toBe(0);
  const job = place(jobScript({ ...options, command: "slhmc", array: 2 }));
  writeFileSync(join(job.folder, "run.toml"), text);
  const member = (k: number, more: Record<string, string>): number => job.run({ SLURM_ARRAY_JOB_ID: "7", SLURM_ARRAY_TASK_ID: String(k), ...more });
  const gaugegrad = `${process.execPath} ${main}`;
  // the time limit comes: stopped early, and asked for again
  expect(member(1, { GAUGEGRAD: `timeout -s USR1 --preserve-status 1 ${gaugegrad} --quiet` })).not.toBe(2);
  expect([0, 1].map((k) => member(k, { GAUGEGRAD: `${gaugegrad} --quiet`, SLURM_RESTART_COUNT: "1" }))).toEqual([0, 0]);
  expect((await cli(["slhmc", join(job.folder, "run.toml"), "--dir", join(job.folder, "out"), "--chains", "2", "--quiet"])).code).toBe(0);
  for (const k of [0, 1]) expect([k, finalBits(join(job.folder, "out", `chain-${k}`))]).toEqual([k, finalBits(join(whole, `chain-${k}`))]);
});

test.each([
  [0, false], [1, true], [5, true], [70, true], [75, true], [137, true], [2, false], [3, false], [4, false],
])("exit code %i: again %s", (code, again) => {
  for (const [array, name] of [[undefined, "7"], [4, "7_2"]] as const) {
    const job = place(jobScript({ ...options, ...(array === undefined ? {} : { array }) }));
    const environment = { CODE: String(code), ...(array === undefined ? {} : { SLURM_ARRAY_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "2" }) };
    expect(job.run(environment)).toBe(code);
    expect(job.calls().filter((c) => c.startsWith("scontrol"))).toEqual(again ? [`scontrol requeue ${name}`] : []);
    expect(job.run({ ...environment, SLURM_RESTART_COUNT: "3" })).toBe(code);
    // the bound is reached
    expect(job.calls().filter((c) => c.startsWith("scontrol"))).toHaveLength(again ? 1 : 0);
  }
  const job = place(jobScript({ ...options, scheduler: "pbs", tasks: 4, array: 4 }));
  expect(job.run({ CODE: String(code), PBS_ARRAY_INDEX: "3" })).toBe(code);
  expect(job.calls().filter((c) => /^(mpiexec|coded)/.test(c))).toEqual(["mpiexec -n 4 coded hmc run.toml --stream 3 --dir out/chain-3 --max-seconds 3480", "coded hmc run.toml --stream 3 --dir out/chain-3 --max-seconds 3480"]);
  expect(job.calls().filter((c) => c.startsWith("qsub"))).toEqual(again ? ["qsub -v GAUGEGRAD_RESTARTS=1,GAUGEGRAD_MEMBER=3"] : []);
});

test("a launcher that says 0 without having gone on with the run: again", () => {
  const job = place(jobScript(options));
  mkdirSync(join(job.folder, "out"));
  for (const [event, code] of [["stop", 1], ["done", 0]] as const) {
    writeFileSync(join(job.folder, "out/events.jsonl"), `{"kind":"start"}\n{"kind":"${event}"}\n`);
    expect(job.run({ CODE: "0" })).toBe(code);
    expect(job.calls().filter((c) => c.startsWith("scontrol"))).toEqual(["scontrol requeue 7"]);
  }
});

test("the command chooses what makes the run and refuses what makes no job", async () => {
  const file = scratch.file("my run.toml", smallRun({ thermalise: 1, train: 2, sample: 2 }));
  const { code, stdout } = await cli(["slurm", file, "--ntasks", "4", "--nodes", "2", "--mpi", "pmi2"]);
  expect(code).toBe(0);
  for (const line of ["#SBATCH --nodes=2", "#SBATCH --ntasks=4", "#SBATCH --signal=USR1@120", "#SBATCH --requeue", "#SBATCH --open-mode=append", "export UCX_ERROR_SIGNALS= UCX_MEM_EVENTS=n NO_COLOR=1"]) expect(stdout.split("\n")).toContain(line);
  expect(stdout).toContain(`srun --mpi=pmi2 --kill-on-bad-exit=1 --cpu-bind=cores $gaugegrad slhmc '${file}' --dir 'my run'\n`);
  const plain = scratch.file("plain.toml", "lattice.extents = [4, 4, 4, 4]\naction.beta = 6.0\nsampler.steps = 4\n");
  expect((await cli(["slurm", plain])).stdout).toContain("$gaugegrad hmc ");
  for (const [flags, text] of [[["--ntasks", "3", "--nodes", "2"], "expected a multiple of 2"], [["--time", "4"], "expected hours, minutes and seconds"], [["--time", "00:03:00"], "expected more than 240 seconds"]] as const)
    expect(await cli(["slurm", file, ...flags])).toMatchObject({ code: 3, stderr: expect.stringContaining(text) });
  expect((await cli(["slurm", scratch.file("bad.toml", "[nothing]\nx = 1\n")])).code).toBe(3);
});
