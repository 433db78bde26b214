/** Field-transformed HMC: exact in distribution for any weights, HMC itself for weight 0, resumed bit for bit. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import { SU, U1, gaugeAction, hot, lattice, plaquettes } from "../../src/gauge/index.ts";
import { fieldTransformed, maskedStout } from "../../src/flows/index.ts";
import { hmc, runChain, summarise } from "../../src/samplers/index.ts";
import { besselI } from "../../src/util/index.ts";
import { latestCheckpoint } from "../../src/io/index.ts";
import { builtIn, parseRun, resolveRun } from "../../src/runs/index.ts";
import type { CheckpointState } from "../../src/runs/records.ts";
import { Scratch, start } from "../cli/runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** Mean plaquette of U(1) on a torus of V plaquettes: sum_n I_n^(V-1) I_n' / sum_n I_n^V. */
function exactPlaquette(beta: number, V: number): number {
  const orders = Array.from({ length: 41 }, (_, k) => k - 20);
  const I = (n: number): number => besselI(Math.abs(n), beta) / besselI(0, beta);
  const weights = orders.map((n) => I(n) ** (V - 1));
  return orders.reduce((s, n, k) => s + weights[k]! * 0.5 * (I(n - 1) + I(n + 1)), 0) / orders.reduce((s, n, k) => s + weights[k]! * I(n), 0);
}

describe.each([[0.15, 2], [-0.05, 1]])("U(1) on 4x4, rho = %f, sweeps = %i", (rho, sweeps) => {
  test("the plaquette of F(V) is exact, <exp(-dH)> is 1", () => {
    const L = lattice([4, 4]);
    const F = maskedStout({ rho, sweeps });
    const action = fieldTransformed(gaugeAction.wilson({ beta: 2 }), F);
    const V = F.inverse(hot(L, U1, { seed: 5 }));
    const chain = hmc({ action, integrator: "omelyan", steps: 8, length: 1.5, seed: 8 });
    const { values, acceptance, expMinusDH } = summarise(runChain({ sampler: chain, U: V, trajectories: 2500, measure: { plaquette: (W: LinkField) => {
      using U = F.apply(W);
      return plaquettes(U).mean;
    } } }));
    const { mean, error } = values["plaquette"]!;
    expect(error).toBeLessThan(0.006);
    expect(Math.abs(mean - exactPlaquette(2, 16))).toBeLessThan(4 * error);
    expect(Math.abs(expMinusDH!.mean - 1)).toBeLessThan(4 * expMinusDH!.error);
    expect(acceptance.mean).toBeGreaterThan(0.8);
  });
});

test("weight 0 is HMC to rounding", () => {
  const L = lattice([4, 4, 2, 4]);
  const S = gaugeAction.wilson({ beta: 5.5 });
  const run = (action: ReturnType<typeof fieldTransformed> | typeof S): number[] => {
    const U = hot(L, SU(3), { seed: 2 });
    const sampler = hmc({ action: action as typeof S, integrator: "omelyan", steps: 8, length: 0.5, seed: 4 });
    return [0, 1].map(() => sampler.step(U).dH);
  };
  const [a, b] = [run(S), run(fieldTransformed(S, maskedStout({ rho: 0 })) as never)];
  a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-8));
});

/** Run files of learned samplers: what the run carries besides the links is saved with them. */
const RUNS = {
  "a trained [transform]": { group: "U(1)", beta: 2, more: '[transform]\nkind = "gated"\nsweeps = 1\n[training]\nobjective = "forceMatching"\ntowards = 0.5\nrate = 0.02\ntrajectories = 8\nbatch = 2\nreplay = 4\n[sampler]\nsteps = 3', trajectories: 9 },
  "demons": { group: "U(1)", beta: 2, more: '[sampler]\nkind = "demon"\nsteps = 4\noperators = 2\nvisits = 2', trajectories: 24 },
  "L2HMC": { group: "U(1)", beta: 1, more: '[sampler]\nkind = "l2hmc"\nsteps = 1\ndepth = 1\ntraining = { trajectories = 8, draws = 2 }', trajectories: 16 },
} as const;

test.each(Object.entries(RUNS))("%s: a run killed and resumed", { timeout: 600_000 }, async (name, { group, beta, more, trajectories }) => {
  const file = scratch.file("run.toml", `group = "${group}"
[lattice]
extents = [4, 4]
[start]
kind = "hot"
[action]
beta = ${beta}
${more}
seed = 3
thermalisation = 2
trajectories = ${trajectories}
[measurement]
observables = ["rectangle", "polyakov"]
[output]
checkpoint = 3
configurations = { every = 5, format = "npy" }
[checks]
every = 10
`);
  const [whole, broken] = [scratch.path(), scratch.path()];
  const first = await start(["hmc", file, "--dir", whole, "--quiet"]).ended;
  expect(first).toMatchObject({ code: 0, stderr: "" });
  if (name === "demons") expect(first.stdout).toMatch(/coupling\.2/);
  if (name !== "demons") expect(first.stdout).toMatch(/train: 8 trajectories[^]*loss: .* of 8 steps/);
  for (const fault of name === "demons" ? ["half:2", "renamed:3"] : ["renamed:2"]) expect((await start(["hmc", file, "--dir", broken, "--quiet"], { fault }).ended).signal).toBe("SIGKILL");
  expect(await start(["hmc", file, "--dir", broken, "--quiet", "--threads", "2"]).ended).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(broken, "metrics.jsonl"), "utf8")).toBe(readFileSync(join(whole, "metrics.jsonl"), "utf8"));
  const { links, sampler, parameters } = latestCheckpoint(whole)!.state as CheckpointState;
  expect(latestCheckpoint(broken)!.state).toMatchObject({ links, ...(sampler ? { sampler } : {}), parameters });
  expect(sampler?.length).toBe(name === "demons" ? 2 : undefined);
  expect(parameters?.values.length ?? 0).toBeGreaterThanOrEqual(name === "L2HMC" ? 100 : 0);
  for (const at of readdirSync(join(whole, "configurations"))) expect(readFileSync(join(broken, "configurations", at)).equals(readFileSync(join(whole, "configurations", at)))).toBe(true);
});

test.each([
  ['[transform]\nkind = "stout"\n[lattice]\nextents = [5, 4]', /multiples of 2/],
  ['[transform]\nkind = "stout"\nrectangle = 0.01\n[lattice]\nextents = [6, 4]', /multiples of 4/],
  ['[transform]\nkind = "stuot"\n[lattice]\nextents = [4, 4]', /did you mean/],
  ['[transform]\nkind = "gated"\n[training]\ntowards = 3\n[lattice]\nextents = [4, 4]', /training.towards: got 3 for the action wilson at beta = 1/],
  ['[sampler]\nkind = "l2hmc"\n[lattice]\nextents = [5, 4]', /got the extents 5x4 with l2hmc/],
  ['[sampler]\nkind = "demon"\nsteps = 2\n[lattice]\nextents = [4, 4, 4]', /demon for U\(1\) in 3 dimensions/],
  ['[transform]\nkind = "stout"\n[lattice]\nextents = [4, 4]\n[measurement]\nobservables = ["forces"]', /forces with a transform/],
])("mistakes: %j", (text, message) => {
  const file = `group = "U(1)"\n[action]\nbeta = 1\n${text.includes("[sampler]") ? "" : "[sampler]\nsteps = 2\n"}${text}\n`;
  expect(() => resolveRun("hmc", { configuration: parseRun(file, "run.toml"), base: ".", registry: builtIn })).toThrow(message);
});
