/** The topological charge: clover in four dimensions, geometric for U(1) in two. */
import { geometricCharge, parseGroup, topologicalCharge } from "../../gauge/index.ts";
import { observable } from "../registry/part.ts";
import { none } from "./options.ts";

export const charge = observable({
  name: "charge",
  title: "topological charge Q",
  options: none,
  measure: (U) => (U.lattice.dim === 4 ? topologicalCharge(U) : geometricCharge(U)),
  problem: (_, { lattice, group }) => {
    const D = lattice.extents.length;
    return D !== 4 && !(D === 2 && parseGroup(group).N === 1) ? `observables: got charge for ${group} in ${D} dimensions, expected four dimensions, or U(1) in two` : undefined;
  },
});
