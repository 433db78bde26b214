/** Hybrid Monte Carlo, with the force of the target or of a guide. */
import { z } from "zod";
import { hmc, integrators } from "../../samplers/index.ts";
import { leadingFermions } from "../guide.ts";
import { sampler } from "../registry/part.ts";
import { count, name, positive } from "../schema-values.ts";
import { levelsOf } from "../system.ts";

const integrator = z.enum(Object.keys(integrators) as [keyof typeof integrators, ...(keyof typeof integrators)[]]);
const level = z.strictObject({
  force: name.describe("gauge, fermions, or fermions.0, fermions.1, ... one by one"),
  integrator: integrator.default("omelyan"),
  steps: count,
});

export const hmcOptions = z.strictObject({
  integrator: integrator.optional().describe("default omelyan"),
  steps: count.optional().describe("steps of a trajectory; needed unless there are levels"),
  levels: z.array(level).min(1).max(16).optional().describe("nested time scales, coarsest first; together they hold every force once"),
  length: positive.default(1).describe("trajectory length tau"),
});

/** Options of molecular dynamics as a run file gives them. */
export type HmcSection = z.output<typeof hmcOptions>;

export const hybridMonteCarlo = sampler({
  name: "hmc",
  title: "hybrid Monte Carlo",
  options: hmcOptions,
  build: (options, { system, guide, seed, stream, acceptAlways }) => hmc({ action: system.target, levels: levelsOf(options, system, guide), length: options.length, seed, stream, acceptAlways }),
  defaults: (options) => (options.levels ? options : { ...options, integrator: options.integrator ?? "omelyan" }),
  problem: ({ levels, steps, integrator: scheme }, run) => {
    if (!levels) return steps === undefined ? "steps: got nothing, expected the steps of a trajectory, or levels" : undefined;
    if (steps !== undefined || scheme !== undefined) return "levels: got levels together with steps or integrator, expected those of each level only";
    const names = Array.from({ length: leadingFermions(run) }, (_, k) => `fermions.${k}`);
    const parts = levels.flatMap((l) => (l.force === "fermions" ? names : [l.force]));
    const expected = ["gauge", ...names];
    if (parts.toSorted().join() !== expected.toSorted().join()) return `levels: got the forces ${levels.map((l) => l.force).join(", ")}, expected each of ${expected.join(", ")} once (fermions stands for all of them)`;
    return undefined;
  },
  starter: 'integrator = "omelyan"      # leapfrogQPQ, leapfrogPQP, omelyan, omf4\nsteps = 8                   # of a trajectory\nlength = 1.0',
});
