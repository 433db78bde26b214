/** Self-learning runs with every kind of target and guide, small and short: what is killed and resumed. */
import { expect } from "vitest";
import { type Scratch, finalBits, start } from "./runs.ts";

const levels = '[[sampler.levels]]\nforce = "fermions"\nsteps = 2\n[[sampler.levels]]\nforce = "gauge"\nsteps = 2\n';
const loops = (weight: number): string => `kind = "loops", beta = 1.0, loops = [{ name = "plaquette", weight = ${weight} }, { name = "rectangle", weight = 0.0 }, { name = "polyakov-t", weight = 0.0 }]`;
const run = (fermions: string, guide: string, sampler = levels, more = ""): string => `group = "U(1)"
[lattice]
extents = [4, 4]
[start]
kind = "hot"
[action]
beta = 2.0
${fermions}
[guide]
${guide}
[sampler]
seed = 5
thermalisation = 2
trajectories = 10
${sampler}
${more}
[measurement]
observables = ["polyakov", "charge"]
[output]
checkpoint = 3
[checks]
every = 4
`;
const staggered = "[[fermions]]\nflavours = 2\nmass = 0.3\n";
const exact = `${staggered}exact = true`;
const regression = '[training]\nobjective = "squared"\noptimiser = "regression"\ntrajectories = 8';
const overlap = (kernel: string): string => `[[fermions]]\nkind = "overlap"\nmass = 0.2\nkernel = "${kernel}"\nexact = true`;
const leading = (section: string): string => `fermions = [{ ${section}, exact = true }]`;

/** Name and run file. */
export const guidedRuns: readonly (readonly [name: string, text: string])[] = [
  ["exact determinant, another mass and regressed loops", run(exact, `masses = [0.5]\naction = { ${loops(2.2)} }\ntrainable = ["gauge.weights"]`, levels, regression)],
  ["exact determinant, loops alone", run(exact, `fermions = []\naction = { ${loops(2.2)} }`, "steps = 4")],
  ["ratio fields of power 1/4", run(`${staggered}over = 0.5\nroots = 4\n[[fermions]]\nflavours = 2\nmass = 0.5\n`, "fields = [1]")],
  ["regression SLMC", run(exact, `fermions = []\naction = { ${loops(2.2)} }\ntrainable = ["gauge.weights"]`, 'kind = "slmc"', regression)],
  ["overlap, Shamir", run(overlap("shamir"), leading('kind = "domain-wall", mass = 0.2, Ls = 6, height = 1.0'))],
  ["overlap, Moebius", run(overlap("shamir"), leading('kind = "domain-wall", mass = 0.2, Ls = 4, height = 1.0, b = 1.5, c = 0.5'))],
  ["overlap, Wilson", run(overlap("wilson"), leading('kind = "wilson", flavours = 2, kappa = 0.24'))],
  ["overlap, staggered", run(overlap("wilson"), leading('kind = "staggered", flavours = 2, mass = 0.25'))],
  ["overlap, a network", run(overlap("wilson"), leading('kind = "domain-wall", mass = 0.2, Ls = 4, height = 1.0'), "steps = 4", '[network]\nkind = "cask"\nlength = 1\nrandomWidth = 0.02\n[training]\ntrajectories = 6\nrate = 4e-3')],
];

/** A run with kill -9 in the middle of a checkpoint and in the middle of a line, against one that was left alone. */
export async function killedAndWhole(scratch: Scratch, name: string, text: string): Promise<void> {
  const file = scratch.file(`${name.replaceAll(/\W+/g, "-")}.toml`, text);
  const [whole, broken] = [scratch.path(), scratch.path()];
  const left = start(["slhmc", file, "--dir", whole, "--quiet"]).ended;
  for (const fault of ["half:2", "line:8"]) expect([name, fault, (await start(["slhmc", file, "--dir", broken, "--quiet"], { fault }).ended).signal]).toEqual([name, fault, "SIGKILL"]);
  expect(await start(["slhmc", file, "--dir", broken, "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  expect(await left).toMatchObject({ code: 0, stderr: "" });
  expect(finalBits(broken)).toEqual(finalBits(whole));
  expect(finalBits(whole)).toMatchObject({ done: true });
}
