/** The kernel of overlap fermions: index and lowest eigenvalues. */
import { z } from "zod";
import { exactOverlap, signFunction } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import type { RunConfiguration } from "../../sections/sections.ts";
import { count } from "../../sections/schema-values.ts";

interface Kernel {
  readonly height?: number | undefined;
  readonly kernel?: "wilson" | "shamir" | undefined;
}

/** What is given, or that of the first overlap fermions of the run. */
function shapeOf({ height, kernel }: Kernel, { fermions }: RunConfiguration) {
  const own = fermions.find((f) => f.kind === "overlap") as (Kernel & { readonly boundary?: readonly (1 | -1)[]; readonly twist?: readonly number[] }) | undefined;
  const { boundary, twist } = own ?? { boundary: fermions[0]?.boundary, twist: undefined };
  return { height: height ?? own?.height ?? 1, kernel: kernel ?? own?.kernel ?? ("wilson" as const), ...(boundary ? { boundary } : {}), ...(twist ? { twist } : {}) };
}

export const overlapSpectrum = observable({
  name: "overlap-spectrum",
  title: "kernel of overlap fermions",
  options: z.strictObject({
    height: z.number().gt(0).lt(2).optional().describe("domain-wall height M5; default that of the overlap fermions of the run, or 1"),
    kernel: z.enum(["wilson", "shamir"]).optional().describe("default that of the overlap fermions of the run, or wilson"),
    count: count.max(64).default(4).describe("eigenvalues of least modulus"),
    index: z.boolean().default(true).describe("the index too, by all eigenvalues: for small lattices"),
  }),
  measure: (U, { count: k, index, ...options }, { run }) => {
    const shape = shapeOf(options, run);
    const named = (values: readonly number[]): Record<string, number> => Object.fromEntries(values.slice(0, k).map((x, i) => [`kernel(${i})`, x]));
    if (!index) return named(signFunction(U, { ...shape, deflate: k }).eigenvalues);
    const D = exactOverlap(U, shape);
    return { index: D.index, ...named(D.eigenvalues) };
  },
  problem: (_, { lattice }) => (lattice.extents.length !== 2 && lattice.extents.length !== 4 ? `observables: got overlap-spectrum in ${lattice.extents.length} dimensions, expected 2 or 4` : undefined),
  label: (value) => (value === "index" ? "index of the overlap operator" : value.startsWith("kernel(") ? `eigenvalue ${value.slice(6)} of the kernel` : undefined),
});
