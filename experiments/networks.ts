/** The networks that the experiments compare, and what may be trained along with them. */
import { type AnyLayer, type Field, type Links, type VectorType, GaugeAction as Action, type GaugeAction, caskNetwork, chain, covariantNetwork, layer, loopAction, randomWeights, real, scale, stout } from "gaugegrad";

/** Of a staggered field. */
export type FermionInputs = { readonly mass: number; readonly phi: Field<VectorType<2>> };

const loops = { plaq: "plaquette", rect: "rectangle", poly4: { loop: "polyakov", links: "temporal" }, polys: { loop: "polyakov", links: "spatial" } } as const;
const rich = () => stout({ rho: { plaq: 0, rect: 0, poly4: 0, polys: 0 }, loops });
/**
 * CASK blocks start near a stout layer with small, different queries, keys and values: at zero they would have no gradient. Attention over
 * several lengths adds up to more, and starts smaller.
 */
const cask = (blocks: number, length: number, seed: number) => {
  const q = length > 1 ? 0.02 : 0.1;
  const network = caskNetwork({ blocks, length, rhoQ: q, rhoK: q, rhoV: 0.02 });
  const jitter = randomWeights(network, { seed, width: 0.01 }).parameters;
  return network.with(network.parameters.map((p, b) => sum(p, jitter[b]!)) as typeof network.parameters);
};

function sum<T>(a: T, b: T): T {
  if (typeof a === "number") return (a + (b as number)) as T;
  if (Array.isArray(a)) return a.map((x, k) => sum(x, (b as unknown[])[k])) as T;
  return Object.fromEntries(Object.entries(a as object).map(([k, x]) => [k, sum(x, (b as Record<string, unknown>)[k])])) as T;
}

/** Layers by the name of their network; the seed sets the start of attention layers. */
export const layersOf: Readonly<Record<string, (seed: number) => AnyLayer[]>> = {
  none: () => [stout({ rho: 0 })],
  stout1: () => [stout({ rho: 0 })],
  stout1x2: () => [stout({ rho: { plaquette: 0, rectangle: 0 } })],
  stout2: () => [stout({ rho: 0 }), stout({ rho: 0 })],
  stout2x4: () => [rich(), rich()],
  stout3x4: () => [rich(), rich(), rich()],
  covariant6: () => [covariantNetwork({ layers: 2 })],
  covariant12: () => [covariantNetwork({ layers: 4 })],
  cask1: (seed) => [cask(1, 3, seed)],
  "cask1-short": (seed) => [cask(1, 1, seed)],
  cask2: (seed) => [cask(2, 3, seed)],
  "cask2-short": (seed) => [cask(2, 1, seed)],
  "covariant6-cask": (seed) => [covariantNetwork({ layers: 2 }), cask(1, 1, seed)],
};

/** U -> k U: the hopping scale, D -> k D. */
const hopping = layer({ name: "hopping", params: { k: real(1) }, forward: (U: Links, { k }) => U.map((mu) => scale(k, U[mu]!)) });

/** The layers of a network, and the hopping scale behind them. */
export function networkOf(name: string, seed: number, scaled: boolean) {
  const make = layersOf[name];
  if (!make) throw new Error(`network: got "${name}", expected one of ${Object.keys(layersOf).join(", ")}`);
  return chain(...make(seed), ...(scaled ? [hopping] : []));
}

/** c S_f. */
export const scaledAction = (fermions: GaugeAction<2, FermionInputs>) => new Action<2, FermionInputs & { readonly c: number }>("scaled", { c: 1, ...fermions.inputs }, (U, { c, ...f }) => scale(c, fermions.evaluate(U, f as never)));

/** Parts of an effective action by the name of its network, with what is trainable; `seed` sets the start of attention layers. */
export function effectiveParts(name: string, extra: readonly string[], beta: number, fermions: GaugeAction<2, FermionInputs>, seed: number) {
  const network = networkOf(name, seed, extra.includes("hopping"));
  const layers = layersOf[name]!(seed).length;
  const weights = [
    { name: "plaquette", weight: 1 },
    { name: "rectangle", weight: 0 },
    { name: "polyakov-t", weight: 0 },
  ] as const;
  const chosen = [
    ...(name === "none" && extra.length > 0 ? [] : Array.from({ length: layers }, (_, k) => `network.${k}`)),
    ...(extra.includes("hopping") ? [`network.${layers}.k`] : []),
    ...(extra.includes("couplings") ? ["gauge.weights"] : []),
    ...(extra.includes("normalisation") ? ["fermions.c"] : []),
  ];
  return { gauge: loopAction({ beta, loops: weights }), fermions: scaledAction(fermions), network, trainable: chosen };
}
