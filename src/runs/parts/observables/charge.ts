/** The topological charge: of several discretisations and along the gradient flow in four dimensions, geometric for U(1) in two. */
import { z } from "zod";
import type { LinkField } from "../../../autograd/index.ts";
import { type ChargeMethod, geometricCharge, gradientFlow, parseGroup, topologicalCharge } from "../../../gauge/index.ts";
import { flowAction, flowOf, flowProblem } from "../../sections/flow-action.ts";
import { observable } from "../part.ts";
import { nonNegative, positive } from "../../sections/schema-values.ts";

/** `charge` of clover and geometric charges, `charge.improved`, each with its flow time where there is one. */
const nameOf = (method: ChargeMethod, time: number): string => `charge${method === "clover" ? "" : `.${method}`}${time === 0 ? "" : `(${time})`}`;
const NAME = /^charge(?:\.(\w+))?(?:\(([\d.e+-]+)\))?$/;

export const charge = observable({
  name: "charge",
  title: "topological charge Q",
  options: z.strictObject({
    methods: z
      .array(z.enum(["plaquette", "clover", "rectangle", "improved", "bilsonThompson"]))
      .min(1)
      .default(["clover"])
      .describe("in four dimensions: clover; improved = (5/3) Q_clover - (2/3) Q_rectangle; bilsonThompson: the improved field strength with itself; plaquette; rectangle"),
    times: z.array(nonNegative).min(1).max(100).default([0]).describe("flow times, multiples of step; 0: the links themselves"),
    step: positive.default(0.02).describe("step of the flow"),
    action: flowAction,
  }),
  measure: (U, { methods, times, step, action }) => {
    const last = Math.max(...times);
    const values: Record<string, number> = {};
    const note = (V: LinkField, time: number): void => {
      if (U.lattice.dim === 4) for (const method of methods) values[nameOf(method, time)] = topologicalCharge(V, method);
      else values[nameOf("clover", time)] = geometricCharge(V);
    };
    if (last === 0) {
      note(U, 0);
      return values;
    }
    const flow = gradientFlow({ step, action: flowOf(action) });
    using V = U.clone();
    let done = 0;
    for (const time of [...times].sort((a, b) => a - b)) {
      const steps = Math.round(time / step);
      if (steps > done) flow.advance(V, steps - done);
      done = steps;
      note(V, time);
    }
    return values;
  },
  problem: ({ methods, times, step, action }, { lattice, group }) => {
    const D = lattice.extents.length;
    if (D !== 4 && !(D === 2 && parseGroup(group).N === 1)) return `observables: got charge for ${group} in ${D} dimensions, expected four dimensions, or U(1) in two`;
    if (D === 2 && methods.some((m) => m !== "clover")) return `observables: got charge with methods = ${methods.join(", ")} in two dimensions, expected none: the charge there is that of the plaquette angles`;
    const off = times.find((t) => Math.abs(t / step - Math.round(t / step)) > 1e-9);
    if (off !== undefined) return `observables: got charge at the flow time ${off}, expected a multiple of its step ${step}`;
    const most = Math.max(...times) / step;
    if (most > 1e6) return `observables: got charge with ${most} steps of flow, expected at most 1000000`;
    const wrong = flowProblem(action, lattice.extents);
    return wrong && `observables: charge: action.${wrong}`;
  },
  label: (value) => {
    const found = NAME.exec(value);
    return found ? `topological charge Q${found[1] ? ` (${found[1]})` : ""}${found[2] ? ` at flow time ${found[2]}` : ""}` : undefined;
  },
  cite: ({ methods, times }) => [...(methods.includes("improved") ? ["1708.00696"] : []), ...(methods.includes("bilsonThompson") ? ["hep-lat/0203008"] : []), ...(times.some((t) => t > 0) ? ["1006.4518"] : [])],
});
