/** What loops are regressed on, as an observable of a run: determinants of several masses, the condensate, and the derivatives of a loop action by its weights. */
import { type GaugeAction, type Lattice, type LinkField, type LoopName, determinantAction, loopAction, staggered } from "gaugegrad";
import { observable, z } from "gaugegrad/runs";

type Determinant = GaugeAction<2, { readonly mass: number }>;

/** Recorded once a lattice. */
const recorded = new WeakMap<Lattice, { readonly loops: GaugeAction<2, unknown>; readonly determinants: readonly Determinant[] }>();

/** `det.MASS`: -ln det of four flavours; `loop.NAME`: sum of 1 - Re tr/N of a family; `condensate`: of the first mass, the derivative of its determinant. */
export const regressors = observable({
  name: "regressors",
  options: z.strictObject({ masses: z.array(z.number().gt(0)).min(1), loops: z.array(z.string()).min(1) }),
  measure: (links, { masses, loops }) => {
    const U = links as LinkField<2>;
    let made = recorded.get(U.lattice);
    if (!made) {
      const every = loopAction<2>({ beta: 1, loops: loops.map((name) => ({ name: name as LoopName, weight: 0 })) });
      recorded.set(U.lattice, (made = { loops: every as never, determinants: masses.map((mass) => determinantAction<2, { readonly mass: number }>(staggered({ mass }), { flavours: 4 })) }));
    }
    const { weights } = made.loops.parameterGradient(U).gradient as { readonly weights: readonly number[] };
    const [target] = made.determinants as [Determinant];
    return {
      ...Object.fromEntries(made.determinants.map((d, k) => [`det.${masses[k]!}`, d.value(U)])),
      ...Object.fromEntries(loops.map((name, k) => [`loop.${name}`, weights[k]!])),
      condensate: -target.parameterGradient(U).gradient.mass / U.lattice.volume,
    };
  },
});
