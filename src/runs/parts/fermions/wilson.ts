/** Wilson fermions. */
import { z } from "zod";
import { wilson as operator } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { boundaries, fieldsOf, form, given, rationalOptions, solver, spinorProblem } from "./options.ts";

/** Options of Wilson and clover fermions. */
export const wilsonOptions = {
  flavours: count.max(2).default(2).describe("2, or 1 as the square root with an interval"),
  kappa: positive.describe("hopping parameter, 1/(2m + 8) in four dimensions"),
  over: positive.optional().describe("mass preconditioning: a smaller kappa whose determinant divides; give a field with that kappa as well"),
  evenOdd: z.boolean().optional().describe("true: pseudofermions of the Schur complement on even sites, cheaper solves; even extents"),
  ...form,
  ...boundaries,
  ...solver,
  ...rationalOptions,
};

export const wilson = fermion({
  name: "wilson",
  title: "Wilson",
  options: z.strictObject(wilsonOptions),
  build: ({ kappa, over, evenOdd = false, ...options }, context) => {
    const D = (k: number) => operator({ kappa: k, evenOdd, ...given(options) });
    return fieldsOf(D(kappa), over === undefined ? undefined : D(over), options, context);
  },
  problem: spinorProblem,
  describe: ({ flavours, kappa }) => `${flavours} Wilson flavours, κ = ${kappa}`,
  starter: "flavours = 2                # 1 needs interval = [low, high] around the spectrum of D^+D\nkappa = 0.12                # 1/(2m + 8)",
});
