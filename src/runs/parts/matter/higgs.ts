/** A Higgs field, sampled together with the links. */
import { z } from "zod";
import { scalarAction } from "../../../gauge/index.ts";
import { matter } from "../part.ts";
import { nonNegative } from "../../sections/schema-values.ts";

export const higgs = matter({
  name: "higgs",
  title: "Higgs",
  links: true,
  options: z.strictObject({
    kappa: z.number().describe("hopping, -2 kappa sum_mu (phi(n), U phi(n + mu))"),
    lambda: nonNegative.describe("coefficient of (|phi|^2 - 1)^2, beside |phi|^2"),
    representation: z.enum(["fundamental", "adjoint"]).default("fundamental").describe("N complex numbers a site, or an element of su(N)"),
  }),
  build: (options) => scalarAction.higgs(options) as never,
  describe: ({ kappa, lambda, representation }) => `Higgs field${representation === "adjoint" ? " in the adjoint representation" : ""}, κ = ${kappa}, λ = ${lambda}`,
  starter: "kappa = 0.25                # -2 kappa sum_mu (phi(n), U phi(n + mu)) + |phi|^2 + lambda (|phi|^2 - 1)^2\nlambda = 0.5",
});
