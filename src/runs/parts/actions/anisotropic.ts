/** Gauge actions with different couplings in space and time. */
import { z } from "zod";
import { gaugeAction as gaugeActions } from "../../../gauge/index.ts";
import { gaugeAction } from "../part.ts";
import { positive } from "../../sections/schema-values.ts";

const options = z.strictObject({
  beta: positive.optional().describe("mean coupling, with xi: beta / xi in space, beta xi with time"),
  xi: positive.optional().describe("bare anisotropy sqrt(betaTime / betaSpace)"),
  betaSpace: positive.optional().describe("coupling of planes in space, with betaTime in place of beta and xi"),
  betaTime: positive.optional().describe("coupling of planes with time"),
  c1: z.number().default(0).describe("coefficient of rectangles, c0 = 1 - 8 c1; -1/12: Symanzik"),
});

export const anisotropic = gaugeAction({
  name: "anisotropic",
  options,
  problem: ({ beta, xi, betaSpace, betaTime }) => {
    const [mean, both] = [[beta, xi].filter((x) => x !== undefined).length, [betaSpace, betaTime].filter((x) => x !== undefined).length];
    return (mean === 2 && both === 0) || (mean === 0 && both === 2) ? undefined : "beta: got another set of couplings, expected beta and xi, or betaSpace and betaTime";
  },
  build: ({ beta, xi, betaSpace, betaTime, c1 }) => gaugeActions.anisotropic({ beta: beta ?? Math.sqrt(betaSpace! * betaTime!), xi: xi ?? Math.sqrt(betaTime! / betaSpace!), c1 }),
  starter: "beta = 6.0\nxi = 2.0                    # beta / xi in space, beta xi with time; or betaSpace and betaTime",
});
