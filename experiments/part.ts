/** The networks of the experiments as a part that run files can name: [network] module = "part.ts". */
import { chain } from "gaugegrad";
import { network, z } from "gaugegrad/runs";
import { layersOf } from "./networks.ts";

export default network({
  name: "experiment",
  options: z.strictObject({ layers: z.enum(Object.keys(layersOf) as [string, ...string[]]), start: z.int().describe("seed of the first weights of attention layers") }),
  build: ({ layers, start }) => chain(...layersOf[layers]!(start)),
});
