/** L2HMC of two-dimensional U(1): leapfrog steps with trained networks. */
import { z } from "zod";
import { l2hmc as l2hmcOf } from "../../../flows/index.ts";
import { parseGroup } from "../../../gauge/index.ts";
import { sampler } from "../part.ts";
import { count, nonNegative, positive } from "../../sections/schema-values.ts";

export const l2HybridMonteCarlo = sampler({
  name: "l2hmc",
  title: "L2HMC",
  options: z.strictObject({
    step: positive.default(0.2).describe("size of a leapfrog step in the beginning; it is trained with the networks"),
    steps: count.max(64).default(4).describe("leapfrog steps, each with networks of its own"),
    channels: count.max(64).default(8).describe("channels between the convolutions"),
    depth: count.max(8).default(2).describe("convolutions of a network"),
    training: z
      .strictObject({
        trajectories: count.default(300).describe("between thermalisation and production; afterwards the networks stand still"),
        rate: positive.default(1e-3).describe("of Adam, falling as a cosine to a twentieth"),
        draws: count.max(64).default(1).describe("trajectories of a step, from the links of the chain"),
        plaquettes: nonNegative.default(1).describe("weight of the mean of 1 - cos(P' - P) times the acceptance"),
        charge: nonNegative.default(1).describe("weight of (Q' - Q)^2 times the acceptance, Q = sum sin P/2 pi"),
      })
      .optional(),
  }),
  problem: (_options, { group, lattice, fermions, transform }) => {
    if (parseGroup(group).N !== 1 || lattice.extents.length !== 2) return `kind: got l2hmc for ${group} in ${lattice.extents.length} dimensions, expected U(1) in two`;
    if (lattice.extents.some((L) => L % 2 !== 0)) return `kind: got the extents ${lattice.extents.join("x")} with l2hmc, expected even ones: half of the links stand still in turn`;
    return fermions.length > 0 || transform ? "kind: got l2hmc for a run with fermions or a transform, expected hmc" : undefined;
  },
  learns: ({ training }) => training?.trajectories ?? 0,
  build: ({ step, steps, channels, depth, training }, { system, seed, stream, acceptAlways, weights }) => {
    const chain = l2hmcOf({ action: system.gauge, step, steps, channels, depth, seed, stream, acceptAlways, ...(weights ? { weights } : {}), ...(training ? { plaquettes: training.plaquettes, charge: training.charge } : {}) });
    if (!training) return chain;
    const { rate, draws } = training;
    return Object.assign(chain, { learning: { rate, weights: (U: typeof system.U) => chain.weights(U), use: (w: Float64Array) => chain.use(w), loss: (U: typeof system.U) => chain.loss(U, draws) } });
  },
  cite: ["2105.03418", "2112.01582"],
  starter: "step = 0.2                  # of leapfrog; trained with the networks\nsteps = 4                   # of a trajectory, each with networks of its own\ntraining = { trajectories = 300, rate = 1e-3, draws = 2 }   # then the networks stand still",
});
