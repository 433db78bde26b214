/** Heatbath and overrelaxation sweeps of gauge actions that are linear in loops. */
import { z } from "zod";
import { ConfigurationError } from "../../../errors.ts";
import type { LinkField } from "../../../autograd/index.ts";
import { heatbath as heatbathOf } from "../../../samplers/index.ts";
import { sampler } from "../part.ts";
import { whole } from "../../sections/schema-values.ts";

export const heatbath = sampler({
  name: "heatbath",
  title: "heatbath",
  options: z.strictObject({ overrelaxation: whole.max(1000).default(4).describe("overrelaxation sweeps after each heatbath sweep") }),
  problem: (_options, { fermions, network }) => (fermions.length > 0 || network !== undefined ? "kind: got heatbath for a run with fermions or a network, expected hmc: heatbath updates links one by one in the field of their staples" : undefined),
  build: ({ overrelaxation }, { system, seed, stream }) => {
    const { gauge, lattice } = system;
    const loops = gauge.loops?.(lattice, gauge.inputs);
    if (!loops) throw new ConfigurationError(`sampler.kind: got heatbath for the action ${gauge.name}, expected an action that is a sum of loops: use kind hmc`);
    const sweeps = heatbathOf({ beta: 1, loops, overrelaxation, seed, stream });
    return {
      name: sweeps.name,
      get trajectory() {
        return sweeps.trajectory;
      },
      set trajectory(t) {
        sweeps.trajectory = t;
      },
      // there is no Metropolis step: every update is exact, and dH is 0
      step: (U: LinkField) => ({ ...sweeps.step(U), dH: 0, expMinusDH: 1, action: gauge.value(U), kinetic: 0 }),
    };
  },
  starter: "overrelaxation = 4          # sweeps after each heatbath sweep",
});
