/** Determinants of several operators on one configuration, and sums over families of loops: what reweighting and regressions of the overlap page take. */
import { type GaugeAction, type Lattice, type LinkField, type LoopName, determinantAction, domainWall, exactOverlap, loopAction, overlap, staggered, wilson } from "gaugegrad";
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

/** b and c of the kernel of an overlap or domain-wall operator, with its height. */
function kernelOf({ kind, kernel, height, b, c }: Spec): string | undefined {
  if (kind !== "overlap" && kind !== "domain-wall") return undefined;
  return JSON.stringify({ height, kernel: kind === "domain-wall" ? { b, c } : { b: 1, c: kernel === "wilson" ? 1 : 0 } });
}

/** -2 ln |det| of the operators whose kernel is that of another one too: eigenvectors of H once a kernel, which are nearly all of the work. */
function sharedDeterminants(U: LinkField, list: readonly Spec[]): Map<string, number> {
  const found = new Map<string, number>();
  const kernels = list.map(kernelOf);
  for (const kernel of new Set(kernels)) {
    const own = list.filter((_, k) => kernel !== undefined && kernels[k] === kernel);
    if (own.length < 2) continue;
    const D = exactOverlap(U, JSON.parse(kernel!));
    for (const { name, kind, mass = 0.1, Ls } of own) found.set(name, -2 * D.logDet(mass, kind === "overlap" ? 0 : Ls));
  }
  return found;
}

/** Recorded once a lattice. */
const recorded = new WeakMap<Lattice, { readonly determinants: ReadonlyMap<string, GaugeAction<number, never>>; readonly loops?: GaugeAction<number, never> }>();

/** `det.NAME`: -ln det of two flavours; `loop.FAMILY`: sum of 1 - Re tr/N. */
export const determinants = observable({
  name: "determinants",
  options: z.strictObject({ list: z.array(spec).min(1), loops: z.array(z.string()).default([]) }),
  measure: (links, { list, loops }) => {
    const U = links as LinkField;
    const shared = sharedDeterminants(U, list);
    let made = recorded.get(U.lattice);
    if (!made) recorded.set(U.lattice, (made = { determinants: new Map(list.flatMap((s) => (shared.has(s.name) ? [] : [[s.name, determinantAction(operatorOf(s) as never, { flavours: 2 }) as never]]))), ...(loops.length > 0 ? { loops: loopAction({ beta: 1, loops: loops.map((name) => ({ name: name as LoopName, weight: 0 })) }) as never } : {}) }));
    const { weights = [] } = made.loops ? (made.loops.parameterGradient(U).gradient as { readonly weights: readonly number[] }) : {};
    const values = list.map(({ name }) => [`det.${name}`, shared.get(name) ?? made.determinants.get(name)!.value(U)] as const);
    return { ...Object.fromEntries(values), ...Object.fromEntries(loops.map((name, k) => [`loop.${name}`, weights[k]!])) };
  },
});
