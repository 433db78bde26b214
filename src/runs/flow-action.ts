/** The action of a gradient flow, as run files say it. */
import { z } from "zod";
import { type FlowOptions, actionFlow, gaugeAction, loopAction } from "../gauge/index.ts";
import { name } from "./schema-values.ts";

const loop = z.strictObject({ name: name.optional(), path: name.optional(), weight: z.number() });

/** By name, or by its loops. */
export const flowAction = z
  .union([z.enum(["wilson", "symanzik", "iwasaki", "dbw2"]), z.strictObject({ loops: z.array(loop).min(1).describe("families of loops by name or single paths, as in actions of kind loops; weights that sum to those of the Wilson action keep its flow time") })])
  .default("wilson")
  .describe("wilson, symanzik, iwasaki, dbw2, or { loops = [...] }");

/** The right-hand side of the flow; the same object for the same text, so that programs are recorded once. */
const made = new Map<string, NonNullable<FlowOptions["action"]>>();

/** The flow of an action of coupling 1. @throws ConfigurationError for loops that are none. */
export function flowOf(action: z.output<typeof flowAction>): NonNullable<FlowOptions["action"]> {
  if (action === "wilson" || action === "symanzik") return action;
  const key = JSON.stringify(action);
  let flow = made.get(key);
  if (!flow) made.set(key, (flow = actionFlow((typeof action === "string" ? gaugeAction[action]({ beta: 1 }) : loopAction({ beta: 1, loops: action.loops as never })) as never, { beta: 1 })));
  return flow;
}
