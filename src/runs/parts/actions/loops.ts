/** Actions from any set of loops. */
import { z } from "zod";
import { loopAction } from "../../../gauge/index.ts";
import { gaugeAction } from "../part.ts";
import { loopsOf, loopsProblem, weightedLoop } from "../../sections/loops.ts";
import { beta } from "./options.ts";

export const loops = gaugeAction({
  name: "loops",
  title: "loop",
  options: z.strictObject({ beta, loops: z.array(weightedLoop).min(1).describe("families by name or single paths, each with its weight") }),
  problem: ({ loops: list }, { lattice: { extents } }) => loopsProblem(list, extents),
  build: ({ beta: b, loops: list }) => loopAction({ beta: b, loops: loopsOf(list) }),
  starter: 'beta = 6.0\nloops = [{ name = "plaquette", weight = 1.0 }, { path = "+x +y -x -y", weight = 0.0 }]',
});
