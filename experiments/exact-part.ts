/** What loops are regressed on, as an observable of a run: determinants of several masses, the condensate, and the derivatives of a loop action by its weights. */
import { type GaugeAction, type Lattice, type Layer, type LinkField, type LoopName, chain, determinantAction, loopAction, staggered, stout } from "gaugegrad";
import { gaugeAction, observable, z } from "gaugegrad/runs";

type Determinant = GaugeAction<2, { readonly mass: number }>;

/** Stout steps as a network. */
const networkOf = (rho: readonly number[]): Layer<2> => chain(...rho.map((r) => stout({ rho: r }))) as Layer<2>;

const loopsOf = (loops: readonly string[], weights: readonly number[]) => loopAction<2>({ beta: 1, loops: loops.map((name, k) => ({ name: name as LoopName, weight: weights[k]! })) });

/** Loops of the links, and loops of the links of a network. */
export const smeared = gaugeAction({
  name: "smeared-loops",
  options: z.strictObject({ loops: z.array(z.string()).min(1), weights: z.array(z.number()), smeared: z.array(z.number()), rho: z.array(z.number()).min(1) }),
  build: ({ loops, weights, smeared: far, rho }) => loopsOf(loops, weights).plus(loopsOf(loops, far).after(networkOf(rho) as never) as never) as never,
});

/** Recorded once a lattice. */
const recorded = new WeakMap<Lattice, { readonly network: Layer<2>; readonly loops: GaugeAction<2, unknown>; readonly determinants: readonly Determinant[] }>();

/** `det.MASS`: -ln det of four flavours; `loop.NAME`: sum of 1 - Re tr/N of a family; `smeared.NAME`: the same on the links of a network; `condensate`: of the first mass, the derivative of its determinant. */
export const regressors = observable({
  name: "regressors",
  options: z.strictObject({ masses: z.array(z.number().gt(0)).min(1), loops: z.array(z.string()).min(1), rho: z.array(z.number()).min(1) }),
  measure: (links, { masses, loops, rho }) => {
    const U = links as LinkField<2>;
    let made = recorded.get(U.lattice);
    if (!made) {
      const every = loopsOf(loops, loops.map(() => 0));
      recorded.set(U.lattice, (made = { network: networkOf(rho), loops: every as never, determinants: masses.map((mass) => determinantAction<2, { readonly mass: number }>(staggered({ mass }), { flavours: 4 })) }));
    }
    const { loops: every } = made;
    const sums = (V: LinkField<2>): number[] => [...(every.parameterGradient(V).gradient as { readonly weights: readonly number[] }).weights];
    const V = made.network.apply(U) as LinkField<2>;
    const [weights, far] = [sums(U), sums(V)];
    V[Symbol.dispose]();
    const [target] = made.determinants as [Determinant];
    return {
      ...Object.fromEntries(made.determinants.map((d, k) => [`det.${masses[k]!}`, d.value(U)])),
      ...Object.fromEntries(loops.map((name, k) => [`loop.${name}`, weights[k]!])),
      ...Object.fromEntries(loops.map((name, k) => [`smeared.${name}`, far[k]!])),
      condensate: -target.parameterGradient(U).gradient.mass / U.lattice.volume,
    };
  },
});
