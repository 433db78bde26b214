/** Determinants of several operators on one configuration, and sums over families of loops: what reweighting and regressions of the overlap page take. */
import { type GaugeAction, type Lattice, type LinkField, type LoopName, determinantAction, domainWall, loopAction, overlap, staggered, wilson } from "gaugegrad";
import { observable, z } from "gaugegrad/runs";

const spec = z.strictObject({
  name: z.string(),
  kind: z.enum(["overlap", "domain-wall", "wilson", "staggered"]),
  mass: z.number().optional(),
  kappa: z.number().optional(),
  height: z.number().default(1),
  kernel: z.enum(["wilson", "shamir"]).default("wilson"),
  Ls: z.int().default(8),
  b: z.number().default(1),
  c: z.number().default(0),
});
type Spec = z.output<typeof spec>;

function operatorOf({ kind, mass = 0.1, kappa = 0.12, height, kernel, Ls, b, c }: Spec) {
  if (kind === "overlap") return overlap({ mass, kernel, height });
  if (kind === "domain-wall") return domainWall({ mass, Ls, height, b, c });
  return kind === "wilson" ? wilson({ kappa }) : staggered({ mass });
}

/** Recorded once a lattice. */
const recorded = new WeakMap<Lattice, { readonly determinants: readonly GaugeAction<number, never>[]; readonly loops?: GaugeAction<number, never> }>();

/** `det.NAME`: -ln det of two flavours; `loop.FAMILY`: sum of 1 - Re tr/N. */
export const determinants = observable({
  name: "determinants",
  options: z.strictObject({ list: z.array(spec).min(1), loops: z.array(z.string()).default([]) }),
  measure: (links, { list, loops }) => {
    const U = links as LinkField;
    let made = recorded.get(U.lattice);
    if (!made) recorded.set(U.lattice, (made = { determinants: list.map((s) => determinantAction(operatorOf(s) as never, { flavours: 2 }) as never), ...(loops.length > 0 ? { loops: loopAction({ beta: 1, loops: loops.map((name) => ({ name: name as LoopName, weight: 0 })) }) as never } : {}) }));
    const { weights = [] } = made.loops ? (made.loops.parameterGradient(U).gradient as { readonly weights: readonly number[] }) : {};
    return { ...Object.fromEntries(made.determinants.map((d, k) => [`det.${list[k]!.name}`, d.value(U)])), ...Object.fromEntries(loops.map((name, k) => [`loop.${name}`, weights[k]!])) };
  },
});
