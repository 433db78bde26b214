/** The kernel of overlap fermions: index and lowest eigenvalues. */
import { z } from "zod";
import { exactOverlap, signFunction } from "../../fermions/index.ts";
import { observable } from "../registry/part.ts";
import { count } from "../schema-values.ts";

export const overlapSpectrum = observable({
  name: "overlap-spectrum",
  title: "kernel of overlap fermions",
  options: z.strictObject({
    height: z.number().gt(0).lt(2).default(1).describe("domain-wall height M5"),
    kernel: z.enum(["wilson", "shamir"]).default("wilson"),
    count: count.max(64).default(4).describe("eigenvalues of least modulus"),
    index: z.boolean().default(true).describe("the index too, by all eigenvalues: for small lattices"),
  }),
  measure: (U, { height, kernel, count: k, index }, { run }) => {
    const boundary = run.fermions[0]?.boundary;
    const shape = { height, kernel, ...(boundary ? { boundary } : {}) };
    const named = (values: readonly number[]): Record<string, number> => Object.fromEntries(values.slice(0, k).map((x, i) => [`kernel(${i})`, x]));
    if (!index) return named(signFunction(U, { ...shape, deflate: k }).eigenvalues);
    const D = exactOverlap(U, shape);
    return { index: D.index, ...named(D.eigenvalues) };
  },
  problem: (_, { lattice }) => (lattice.extents.length !== 2 && lattice.extents.length !== 4 ? `observables: got overlap-spectrum in ${lattice.extents.length} dimensions, expected 2 or 4` : undefined),
  label: (value) => (value === "index" ? "index of the overlap operator" : value.startsWith("kernel(") ? `eigenvalue ${value.slice(6)} of the kernel` : undefined),
});
