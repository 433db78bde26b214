/**
 * log x_1 + ... + log x_n of positive numbers at a site by one logarithm, that of their product; NaN where one of them is not positive, so that two negative
 * ones do not pass for positive. The product must be a number of the machine: factors of determinants are, a few at a time.
 * Rule: x_k' = y' / x_k.
 */
import { CovarianceError } from "../../errors.ts";
import { guard, is } from "../../util/index.ts";
import { applyOp } from "../apply.ts";
import * as kind from "../kinds.ts";
import type { Op, Samples } from "../op.ts";
import type { Real } from "../tape.ts";
import { realType, typeText } from "../types.ts";
import { add, scaleBy } from "./combine.ts";
import { jointDomain } from "./domain.ts";
import { scale } from "./scale.ts";
import { one, reciprocal, square } from "./unary.ts";

/** Factors of one product. */
const MOST = 8;

export const sumLogsOp: Op = {
  name: "sumLogs",
  partial: "one of the determinants whose logarithms are added is not positive: the map is not one to one there, its weights are too large",
  infer(types, _attributes, lattice) {
    for (const t of types) if (t.kind !== "real") throw new CovarianceError(`sumLogs: got ${typeText(lattice, t)}, expected real numbers at sites`);
    return realType(jointDomain("sumLogs", ...types));
  },
  vjp: ({ inputs, cotangent, needs }) => inputs.map((x, k) => (needs[k] ? scale(reciprocal(x as Real), cotangent as Real) : undefined)),
  site(b, inputs) {
    const bad = b.constant(Number.NaN);
    const [first, ...rest] = inputs.map((x) => x(0));
    const product = rest.reduce((p, x) => b.positive(x, b.mul(p, x), bad), b.positive(first!, first!, bad));
    return [b.call("log", product)];
  },
  cost: (types) => 20 + 2 * types.length,
};

export const sumLogsSamples: Samples = (lattice) =>
  (lattice.bipartite ? (["all", "even"] as const) : (["all"] as const)).map((domain) => ({
    label: `of three on ${domain} sites`,
    inputs: Array.from({ length: 3 }, () => realType(domain)),
    apply: (xs) => sumLogs(xs.map((x) => add(square(x as Real), scaleBy(0.5, one(x as Real) as Real)))),
  }));

/** log x_1 + ... + log x_n at every site for positive x of ordinary size, a logarithm for every eight of them; NaN where one is not positive. */
export function sumLogs(xs: readonly Real[]): Real {
  guard("sumLogs", { xs: [xs, is.listOf(kind.real, 1)] });
  const groups = Array.from({ length: Math.ceil(xs.length / MOST) }, (_, g) => xs.slice(g * MOST, (g + 1) * MOST));
  const [first, ...rest] = groups.map((g) => applyOp("sumLogs", sumLogsOp, g) as Real);
  return rest.length > 0 ? add(first!, ...rest) : first!;
}
