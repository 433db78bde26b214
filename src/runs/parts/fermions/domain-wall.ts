/** Domain-wall fermions with their Pauli-Villars fields, Shamir or Moebius. */
import { z } from "zod";
import { effectiveDomainWall, domainWall as operator } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { boundaries, fieldsOf, form, given, rationalOptions, solver, spinorProblem } from "./options.ts";

export const domainWall = fermion({
  name: "domain-wall",
  title: "domain wall",
  options: z.strictObject({
    flavours: count.max(2).default(2).describe("2, or 1 as the square root with an interval"),
    mass: positive.lt(1).describe("bare mass in lattice units, below 1"),
    Ls: z.int().min(2).max(256).default(8).describe("extent of the fifth dimension"),
    height: z.number().gt(0).lt(2).default(1.4).describe("domain-wall height M5"),
    b: z.number().default(1).describe("Moebius parameter; 1 and c = 0: Shamir"),
    c: z.number().default(0),
    over: positive.max(1).optional().describe("mass preconditioning: a heavier mass in place of the Pauli-Villars field; give a field of that mass as well"),
    effective: z.boolean().optional().describe("true: pseudofermions of the four-dimensional operator, on the vectors of overlap fermions, so that a field may be shared with them"),
    ...form,
    ...boundaries,
    ...solver,
    ...rationalOptions,
  }),
  build: ({ mass, Ls, height, b, c, over, effective, ...options }, context) => {
    const D = (m: number) => (effective ? effectiveDomainWall : operator)({ mass: m, Ls, height, b, c, ...given(options) });
    return fieldsOf(D(mass), over === undefined ? undefined : D(over), options, context);
  },
  problem: spinorProblem,
  describe: ({ flavours, mass, Ls }) => `${flavours} domain-wall flavours, m = ${mass}, L_s = ${Ls}`,
  cite: ({ b, c }) => ["hep-lat/9303005", ...(b === 1 && c === 0 ? [] : ["hep-lat/0409118"])],
  starter: "flavours = 2\nmass = 0.1                  # below 1, the mass of the Pauli-Villars fields\nLs = 4                      # extent of the fifth dimension\nheight = 1.4                # M5\nb = 1.0                     # Moebius parameters; 1 and 0: Shamir\nc = 0.0",
});
