/** The energy density along the gradient flow, and the scales t0 (arXiv:1006.4518) and w0 (arXiv:1203.4469) of the ensemble: those of its mean. */
import { z } from "zod";
import { flowHistory } from "../../../gauge/index.ts";
import { flowAction, flowOf, flowProblem } from "../../sections/flow-action.ts";
import { observable } from "../part.ts";
import { positive } from "../../sections/schema-values.ts";

/** Values by their flow time. */
const NAME = /^flowE\(([\d.e+-]+)\)$/;

export const flowScales = observable({
  name: "flow-scales",
  title: "flow scales t0 and w0",
  options: z.strictObject({
    time: positive.optional().describe("flow time to reach; default L^2/32 for the smallest extent, where the smoothing radius sqrt(8t) is L/2"),
    step: positive.default(0.02).describe("step of the flow"),
    every: positive.default(0.1).describe("flow time between two energies, a multiple of step: scales are interpolated between them"),
    action: flowAction,
    energy: z.enum(["clover", "plaquette"]).default("clover"),
  }),
  measure: (U, { time = Math.min(...U.lattice.extents) ** 2 / 32, step, every, action, energy }) => {
    const points = flowHistory(U, { time, step, every: Math.max(1, Math.round(every / step)), action: flowOf(action) });
    return Object.fromEntries(points.map((p) => [`flowE(${p.t})`, energy === "clover" ? p.energyClover : p.energyPlaquette]));
  },
  problem: ({ time, step, every, action }, { lattice }) => {
    const last = time ?? Math.min(...lattice.extents) ** 2 / 32;
    if (Math.abs(every / step - Math.round(every / step)) > 1e-9 || every < step) return `observables: got flow-scales with every = ${every}, expected a multiple of its step ${step}`;
    if (last / step > 1e6) return `observables: got flow-scales with ${last / step} steps, expected at most 1000000`;
    if (last < 5 * every) return `observables: got flow-scales with the time ${last}, expected at least five times every = ${every}: scales come from differences`;
    const wrong = flowProblem(action, lattice.extents);
    return wrong && `observables: flow-scales: action.${wrong}`;
  },
  label: (value) => {
    const [, t] = NAME.exec(value) ?? [];
    return t === undefined ? undefined : `E at flow time ${t}`;
  },
  cite: ["1006.4518", "1203.4469"],
});
