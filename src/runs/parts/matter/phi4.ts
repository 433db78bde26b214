/** phi^4 theory, without links. */
import { z } from "zod";
import { scalarAction } from "../../../gauge/index.ts";
import { matter } from "../part.ts";
import { count, nonNegative } from "../../sections/schema-values.ts";

export const phi4 = matter({
  name: "phi4",
  title: "phi^4",
  links: false,
  options: z.strictObject({
    m2: z.number().describe("coefficient of |phi|^2 beside sum_mu |phi(n + mu) - phi(n)|^2"),
    lambda: nonNegative.describe("coefficient of |phi|^4"),
    components: count.max(1024).default(1).describe("real components, with the symmetry O(n)"),
  }),
  problem: ({ m2, lambda }) => (lambda === 0 && m2 <= 0 ? `m2: got ${m2} with lambda = 0, expected a number above 0: exp(-S) has no integral otherwise` : undefined),
  build: (options) => scalarAction.phi4(options) as never,
  describe: ({ m2, lambda, components }) => `${(components ?? 1) === 1 ? "" : `O(${components}) `}phi^4, m² = ${m2}, λ = ${lambda}`,
  starter: "m2 = -4.0                   # sum_mu |phi(n + mu) - phi(n)|^2 + m2 |phi|^2 + lambda |phi|^4\nlambda = 6.975",
});
