/** Masked stout sweeps whose weights depend on the loops around each link. */
import { z } from "zod";
import { type GateWeights, maskedStout } from "../../../flows/index.ts";
import { transform } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { maskProblem } from "./options.ts";

export const gatedTransform = transform({
  name: "gated",
  title: "masked stout sweeps with gates",
  options: z.strictObject({
    bound: positive.optional().describe("largest |rho|; default 3/4 of the largest that is one to one, 1/(2(D-1))"),
    weights: z.array(z.strictObject({ bias: z.number(), slopes: z.array(z.number()).length(2) })).min(1).max(64).optional().describe("of each sweep: rho = (2/pi) bound atan(bias + slopes of the loops)"),
    sweeps: count.max(64).default(1).describe("without weights: sweeps with rho = 0"),
  }),
  build: ({ bound, weights, sweeps }) => {
    const F = maskedStout({ gate: bound === undefined ? {} : { bound }, sweeps: weights?.length ?? sweeps });
    return weights ? F.with({ sweeps: weights as readonly GateWeights[] }) : F;
  },
  problem: (_, run) => maskProblem(run, 2),
  cite: ["hep-lat/0311018", "0907.5491"],
  starter: "weights = [{ bias = 0.4, slopes = [0.0, 0.0] }]",
});
