/** Hybrid Monte Carlo, with the force of the target or of a guide. */
import { type HmcOptions, hmc } from "../../../samplers/index.ts";
import { leadingFermions } from "../guide.ts";
import { sampler } from "../part.ts";
import { levelsOf } from "./levels.ts";
import { hmcOptions } from "../../sections/hmc-options.ts";

export const hybridMonteCarlo = sampler({
  name: "hmc",
  title: "hybrid Monte Carlo",
  options: hmcOptions,
  build: (options, { system, guide, seed, stream, acceptAlways }) => hmc({ action: system.target, levels: levelsOf(options, system, guide), length: options.length, seed, stream, acceptAlways, ...(options.masses ? { masses: options.masses } : {}) } as HmcOptions),
  defaults: (options) => (options.levels ? options : { ...options, integrator: options.integrator ?? "omelyan" }),
  problem: ({ levels, steps, integrator: scheme, forcePrecision }, run) => {
    if (run.matter && forcePrecision === "f32") return "forcePrecision: got f32 with matter, expected f64: forces in single precision are those of links alone";
    if (!levels) return steps === undefined ? "steps: got nothing, expected the steps of a trajectory, or levels" : undefined;
    if (steps !== undefined || scheme !== undefined) return "levels: got levels together with steps or integrator, expected those of each level only";
    const names = Array.from({ length: leadingFermions(run) }, (_, k) => `fermions.${k}`);
    const parts = levels.flatMap((l) => (l.force === "fermions" ? names : [l.force]));
    const expected = [...(run.action ? ["gauge"] : []), ...names, ...(run.matter ? ["matter"] : [])];
    if (parts.toSorted().join() !== expected.toSorted().join()) return `levels: got the forces ${levels.map((l) => l.force).join(", ")}, expected each of ${expected.join(", ")} once (fermions stands for all of them)`;
    return undefined;
  },
  starter: 'integrator = "omelyan"      # leapfrogQPQ, leapfrogPQP, omelyan, omf4\nsteps = 8                   # of a trajectory\nlength = 1.0',
});
