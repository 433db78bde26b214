/** What the experiments put into S_theta as parts that run files can name: [network] module = "part.ts", [[guide.fermions]] module = "part.ts", name = "scaled". */
import { type GaugeAction, pseudofermions, staggered } from "gaugegrad";
import { fermion, network, z } from "gaugegrad/runs";
import { type FermionInputs, layersOf, networkOf, scaledAction } from "./networks.ts";

export default network({
  name: "experiment",
  options: z.strictObject({
    layers: z.enum(Object.keys(layersOf) as [string, ...string[]]),
    start: z.int().describe("seed of the first weights of attention layers"),
    hopping: z.boolean().default(false).describe("U -> k U behind the layers"),
  }),
  build: ({ layers, start, hopping }) => networkOf(layers, start, hopping),
});

/** Staggered pseudofermions with a coefficient c before their action. */
export const scaled = fermion({
  name: "scaled",
  options: z.strictObject({ mass: z.number().gt(0), c: z.number().default(1), tolerance: z.number().gt(0) }),
  build: ({ mass, c, tolerance }, { lattice, group }) => {
    const field = pseudofermions(staggered({ mass }), { lattice, group, flavours: 4, tolerance });
    const action = scaledAction(field.action as unknown as GaugeAction<2, FermionInputs>);
    const own = action.with({ ...action.inputs, c });
    return { name: "scaled", action: own as never, value: (U) => own.value(U as never), force: (U, into) => own.force(U as never, into as never) as never, refresh: (...at) => field.refresh(...(at as Parameters<typeof field.refresh>)) };
  },
});
