/** Overlap fermions: a target for the Metropolis step. Their determinant jumps where the topology changes, which no force sees: another operator leads molecular dynamics best. */
import { z } from "zod";
import { overlap as operator } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { boundaries, fieldsOf, form, given, rationalOptions, solver, spinorProblem } from "./options.ts";

export const overlap = fermion({
  name: "overlap",
  options: z.strictObject({
    flavours: count.max(2).default(2),
    mass: positive.lt(1).describe("m of (1+m)/2 + (1-m)/2 gamma_5 sign(H); the customary mass is 2 M5 m"),
    height: z.number().gt(0).lt(2).default(1).describe("domain-wall height M5 of the kernel"),
    kernel: z.enum(["wilson", "shamir"]).default("wilson").describe("H = gamma_5 D_W, or gamma_5 D_W / (2 + D_W), that of domain walls with b - c = 1"),
    lowest: positive.default(0.01).describe("pseudofermions: smallest |eigenvalue| of the kernel for which its sign is approximated"),
    ...form,
    ...boundaries,
    ...solver,
    ...rationalOptions,
  }),
  build: ({ mass, height, kernel, lowest, ...options }, context) => fieldsOf(operator({ mass, height, kernel, lowest, precision: 0.1 * options.tolerance, ...given(options) }), undefined, options, context),
  problem: spinorProblem,
  describe: ({ flavours, mass, kernel }) => `${flavours} overlap flavours, m = ${mass}, ${kernel} kernel`,
  cite: ["hep-lat/9707022"],
  starter: 'flavours = 2\nmass = 0.1                  # m of (1+m)/2 + (1-m)/2 gamma_5 sign(H)\nheight = 1.0                # M5\nkernel = "wilson"           # or "shamir", that of domain walls\nexact = true                # the determinant itself, by dense matrices',
});
