/** The action of a gradient flow, as run files say it. */
import { z } from "zod";
import { type FlowOptions, actionFlow, gaugeAction, loopAction } from "../../gauge/index.ts";
import { loopsOf, loopsProblem, weightedLoop } from "./loops.ts";

/** By name, or by its loops. */
export const flowAction = z
  .union([z.enum(["wilson", "symanzik", "iwasaki", "dbw2"]), z.strictObject({ loops: z.array(weightedLoop).min(1).describe("families of loops by name or single paths, as in actions of kind loops; weights that sum to those of the Wilson action keep its flow time") })])
  .default("wilson")
  .describe("wilson, symanzik, iwasaki, dbw2, or { loops = [...] }");

type FlowAction = z.output<typeof flowAction>;

/** What is wrong with its loops on a lattice of these extents. */
export const flowProblem = (action: FlowAction, extents: readonly number[]): string | undefined => (typeof action === "string" ? undefined : loopsProblem(action.loops, extents));

/** The right-hand side of the flow; the same object for the same text, so that programs are recorded once. */
const made = new Map<string, NonNullable<FlowOptions["action"]>>();

/** The flow of an action of coupling 1. @throws ConfigurationError for loops that are none. */
export function flowOf(action: FlowAction): NonNullable<FlowOptions["action"]> {
  if (action === "wilson" || action === "symanzik") return action;
  const key = JSON.stringify(action);
  let flow = made.get(key);
  if (!flow) made.set(key, (flow = actionFlow((typeof action === "string" ? gaugeAction[action]({ beta: 1 }) : loopAction({ beta: 1, loops: loopsOf(action.loops) })) as never, { beta: 1 })));
  return flow;
}
