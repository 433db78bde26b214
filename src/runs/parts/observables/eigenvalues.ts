/** The lowest eigenvalues +-i lambda of the staggered operator. */
import { z } from "zod";
import { lowestEigenvalues } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import { count } from "../../sections/schema-values.ts";
import { staggeredOptions } from "./options.ts";

export const eigenvalues = observable({
  name: "eigenvalues",
  title: "staggered eigenvalues",
  options: z.strictObject({ count: count.max(64).default(4).describe("distinct eigenvalues lambda >= 0, from the lowest, by a dense matrix: for small lattices") }),
  measure: (U, { count: k }, { run }) => {
    const { mass: _, ...of } = staggeredOptions({ mass: 1 }, run);
    return Object.fromEntries(lowestEigenvalues(U, { ...of, count: k }).map((x, i) => [`lambda(${i})`, x]));
  },
  problem: (_, { lattice }) => (lattice.extents.some((L) => L % 2 !== 0) ? `observables: got eigenvalues with the extents ${lattice.extents.join(", ")}, expected even ones` : undefined),
  label: (value) => (value.startsWith("lambda(") ? `staggered eigenvalue ${value.slice(6)}` : undefined),
});
