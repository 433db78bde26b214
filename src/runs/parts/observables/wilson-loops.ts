/** Wilson loops of all sizes, with smeared lines of space: what Creutz ratios and the static potential are made from. */
import { z } from "zod";
import type { LinkField } from "../../../autograd/index.ts";
import { loopTable } from "../../../gauge/index.ts";
import { ape } from "../../../models/index.ts";
import { observable } from "../part.ts";
import { count, positive, whole } from "../../sections/schema-values.ts";

export const wilsonLoops = observable({
  name: "wilson-loops",
  title: "Wilson loops",
  options: z.strictObject({
    R: count.max(64).default(2).describe("largest side in space"),
    T: count.max(64).default(2).describe("largest side in time"),
    steps: whole.max(1000).default(0).describe("APE steps of the links of space, with staples of space"),
    alpha: positive.lt(1).default(0.5).describe("weight of the staples in a step"),
  }),
  measure: (U, { R, T, steps, alpha }) => {
    const smearing = ape({ alpha, spatial: true });
    let V: LinkField = U;
    for (let k = 0; k < steps; k++) V = smearing.apply(V) as LinkField;
    return Object.fromEntries(loopTable(V, { R, T }).flatMap((row, r) => row.map((w, t) => [`W(${r + 1},${t + 1})`, w] as const)));
  },
  problem: ({ steps }, { lattice }) => (steps > 0 && lattice.extents.length < 3 ? `observables: got wilson-loops with smeared lines in ${lattice.extents.length} dimensions, expected at least 3: space has no staples; leave out steps` : undefined),
  label: (value) => (value.startsWith("W(") ? `Wilson loop ${value}` : undefined),
});
