/** Actions from any set of loops. */
import { z } from "zod";
import { loopAction } from "../../gauge/index.ts";
import { gaugeAction } from "../registry/part.ts";
import { name } from "../schema-values.ts";
import { beta } from "./options.ts";

const loop = z.strictObject({
  name: name.optional().describe("plaquette, rectangle, chair, parallelogram, polyakov, polyakov-space, polyakov-t, ..., and kinked in place of polyakov"),
  path: name.optional().describe("one closed path from every site, such as +x +y -x -y"),
  weight: z.number(),
});

export const loops = gaugeAction({
  name: "loops",
  title: "loop",
  options: z.strictObject({ beta, loops: z.array(loop).min(1).describe("families by name or single paths, each with its weight") }),
  problem: ({ loops: list }) => {
    const k = list.findIndex((l) => (l.name === undefined) === (l.path === undefined));
    return k < 0 ? undefined : `loops[${k}]: got neither or both of name and path, expected one of them`;
  },
  build: ({ beta: b, loops: list }) => loopAction({ beta: b, loops: list.map(({ name: family, path, weight }) => (family === undefined ? { path: path!, weight } : { name: family as "plaquette", weight })) }),
  starter: 'beta = 6.0\nloops = [{ name = "plaquette", weight = 1.0 }, { path = "+x +y -x -y", weight = 0.0 }]',
});
