/** Training in shards: the same weights, bit for bit, on one process and on 2 and 4 ranks, online and on stored configurations; one shard is the training without. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { U1, hot, lattice } from "../../src/gauge/index.ts";
import { latestCheckpoint, writeGauge } from "../../src/io/index.ts";
import type { CheckpointState, MetricsRecord } from "../../src/runs/records.ts";
import { Scratch, start } from "../cli/runs.ts";
import { jobOnThreads } from "./threads.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());
const files = scratch.path();
mkdirSync(files);

/** Effective action of two flavours of U(1) in two dimensions. */
const head = `group = "U(1)"
lattice.extents = [4, 4]
start.kind = "hot"
action = { kind = "wilson", beta = 2.0 }
fermions = { flavours = 2, mass = 0.3 }
network = { kind = "covariant", layers = 1 }
guide = { masses = [0.4], trainable = ["network", "gauge.beta"] }
sampler = { steps = 3, seed = 11, thermalisation = 1 }
output.checkpoint = 2
checks.every = 3
`;
const texts = {
  online: `${head}training = { shards = 4, trajectories = 4, batch = 2, replay = 3, rate = 2e-2 }\n`,
  trajectories: `${head}training = { shards = 4, objective = "acceptance", optimiser = "gaussNewton", trajectories = 3 }\n`,
  matching: `${head}training = { shards = 3, objective = "forceMatching", configurations = ["0.npy", "1.npy", "2.npy", "3.npy", "4.npy"], batch = 2, epochs = 2, heldOut = 0.4, rate = 1e-2 }\n`,
  groups: `${head}training = { shards = 4, trajectories = 4, batch = 2, rate = 2e-2, schedule = "cosine", accumulate = 2, average = 0.5, groups = [{ parameters = "network.*.rho", rate = 1e-1 }, { parameters = ["gauge"], frozen = true }] }\n`,
  lbfgs: `${head}training = { shards = 3, objective = "squared", optimiser = "lbfgs", memory = 2, configurations = ["0.npy", "1.npy", "2.npy", "3.npy", "4.npy"], epochs = 4 }\n`,
  one: `${head}training = { shards = 1, trajectories = 3, batch = 2, replay = 3, rate = 2e-2 }\n`,
  none: `${head}training = { trajectories = 3, batch = 2, replay = 3, rate = 2e-2 }\n`,
};
for (const [name, text] of Object.entries(texts)) writeFileSync(join(files, `${name}.toml`), text);
for (let k = 0; k < 5; k++) writeGauge(join(files, `${k}.npy`), hot(lattice([4, 4]), U1, { seed: k }), "npy");

const program = fileURLToPath(new URL("./job.mjs", import.meta.url));
const argumentsOf = (folder: string, names: readonly string[]): string[] => ["none", "1", files, folder, ...names.flatMap((name) => ["train", name])];
interface Said {
  readonly hashes: Readonly<Record<string, string>>;
}
const alone = scratch.path();
const { stdout, stderr } = spawnSync(process.execPath, [program, ...argumentsOf(alone, Object.keys(texts))], { encoding: "utf8" });
expect(stderr).toBe("");
const { hashes } = JSON.parse(stdout) as Said;

test("2 and 4 ranks have the links, weights and metrics of one process", async () => {
  const [two] = (await jobOnThreads(2, argumentsOf(scratch.path(), ["online", "trajectories", "matching", "groups", "lbfgs"]))) as Said[];
  const [four] = (await jobOnThreads(4, argumentsOf(scratch.path(), ["online", "trajectories", "groups"]))) as Said[];
  expect(two!.hashes).toEqual({ online: hashes["online"], trajectories: hashes["trajectories"], matching: hashes["matching"], groups: hashes["groups"], lbfgs: hashes["lbfgs"] });
  expect(four!.hashes).toEqual({ online: hashes["online"], trajectories: hashes["trajectories"], groups: hashes["groups"] });
});

const stateOf = (name: string): CheckpointState => latestCheckpoint(join(alone, name))!.state as CheckpointState;
const linesOf = (name: string): MetricsRecord[] => readFileSync(join(alone, name, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as MetricsRecord);

test("chains differ, a step learns from all of them, and one shard is no shard", () => {
  const rounds = linesOf("online").filter((r) => r.kind === "trajectory");
  expect(rounds.map((r) => r.shard)).toEqual(Array.from({ length: 5 }, () => [0, 1, 2, 3]).flat());
  expect(new Set(rounds.map((r) => r.dH)).size).toBe(20);
  expect(stateOf("one").parameters!.values).toEqual(stateOf("none").parameters!.values);
  expect(linesOf("one").map((r) => ({ ...r, shard: undefined }))).toEqual(linesOf("none"));
  expect(stateOf("online").parameters!.values).not.toEqual(stateOf("one").parameters!.values);
});

test("groups, several batches a step and an average; a line search lowers the loss", () => {
  const [steps, epochs] = [linesOf("groups").filter((r) => r.kind === "training"), linesOf("lbfgs").filter((r) => r.kind === "epoch")];
  expect(steps.map((r) => [r.step, r.rate])).toEqual([[0, 0], [0, 2e-2], [1, 0], [1, 1e-2]]);
  const { names, values } = stateOf("groups").parameters!;
  expect(values[names.indexOf("gauge.beta")]).toBe(2);
  expect(values[0]).not.toBe(0);
  epochs.slice(1).forEach((r, k) => expect(r.value).toBeLessThan(epochs[k]!.value));
});

test.each(["online", "groups", "lbfgs"])("%s, stopped in the middle and resumed: the bits of a run that was left alone", async (name) => {
  const file = join(files, `${name}.toml`);
  const out = scratch.path();
  const args = ["train", file, "--dir", out, "--threads", "1", "--quiet"];
  expect((await start(args, { fault: "unrenamed:2" }).ended).signal).toBe("SIGKILL");
  expect((await start([...args, "--max-seconds", "0.001"]).ended).code).toBe(75);
  expect(await start(args).ended).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(readFileSync(join(alone, name, "metrics.jsonl"), "utf8"));
});

test("more ranks than shards, slhmc, a grid", async () => {
  await expect(jobOnThreads(2, argumentsOf(scratch.path(), ["one"]))).rejects.toThrow(/training\.shards: got 1 for 2 ranks, expected at least 2/);
  const refused = async (command: string, more: string): Promise<string> => {
    const file = scratch.file(`${command}.toml`, `${texts.online}${more}`);
    const { code, stderr: text } = await start([command, file, "--dir", scratch.path(), "--quiet"]).ended;
    expect(code).toBe(3);
    return text;
  };
  expect(await refused("slhmc", "")).toMatch(/^gaugegrad: [^ ]*slhmc\.toml: training\.shards: got 4 with the command slhmc, expected train.*\n$/);
  expect(await refused("train", "parallel.grid = [1, 2]\n")).toMatch(/parallel\.grid: got one with training\.shards/);
});
