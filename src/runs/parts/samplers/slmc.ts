/** Self-learning Monte Carlo: heatbath proposals of the guide's loop action, Metropolis steps with the target. */
import { z } from "zod";
import { slmc } from "../../../samplers/index.ts";
import { sampler } from "../part.ts";
import { count, whole } from "../../sections/schema-values.ts";

export const selfLearningMonteCarlo = sampler({
  name: "slmc",
  title: "self-learning Monte Carlo",
  options: z.strictObject({
    sweeps: count.max(1000).default(1).describe("heatbath sweeps of a proposal, followed by as many in reversed order"),
    overrelaxation: whole.max(1000).default(2).describe("overrelaxation sweeps after each heatbath sweep"),
  }),
  build: ({ sweeps, overrelaxation }, { system, guide, seed, stream, acceptAlways }) =>
    slmc({ action: system.target, effective: (guide ?? system.guide!.at()).part("gauge"), sweeps, overrelaxation, seed, stream, acceptAlways }),
  problem: (_options, { guide, network, fermions }) => {
    if (guide.action === undefined) return "kind: got slmc without guide.action, expected the loops of S_eff there, for gaugegrad slhmc";
    if (network !== undefined) return "kind: got slmc with a network, expected loops alone: heatbath updates links one by one in the field of their staples";
    return fermions.length > 0 && guide.fermions?.length !== 0 ? "kind: got slmc for a guide with fermions, expected fermions = [] in the section guide: S_eff is a sum of loops" : undefined;
  },
  cite: ["2010.11900"],
  starter: "sweeps = 1                  # heatbath sweeps of a proposal, followed by as many in reversed order\noverrelaxation = 2          # sweeps after each of them",
});
