/** Networks made of layers. */
import { type Field, type LinkField, type Links, type RealType, type Replayable, type TracedOf, checkpoint, expectInputs, replayable } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type Kind, PURPOSE, parameterSpace, randomStream, guard, is } from "../util/index.ts";
import { Layer, chain } from "./layer.ts";
import { CaskLayer, type CaskOptions, type CaskParameters, cask } from "./layers/cask.ts";
import { stout } from "./layers/stout.ts";

/** Weights of one layer of the gauge covariant network: plaquettes of all links, Polyakov term of temporal links, of spatial links. */
export type CovariantWeights = { readonly plaq: number; readonly poly4: number; readonly polys: number };

const weightsOfLayer: Kind = {
  ...is.object, text: "the weights of each layer, { plaq, poly4, polys } or [plaq, poly4, polys]",
  holds: (w) => (Array.isArray(w) ? w.length === 3 && w.every(Number.isFinite) : is.keysOf("plaq", "poly4", "polys").holds(w) && Object.values(w as object).length === 3 && Object.values(w as object).every(Number.isFinite)),
};

/** Layers one after the other with one parameter structure P each. */
function stack<P>(name: string, layers: readonly Layer<number, P>[]): Layer<number, readonly P[]> {
  return new Layer<number, readonly P[]>(name, layers.map((l) => l.parameters), chain(...layers).forward as never);
}

/**
 * Gauge covariant neural network of arXiv:2103.11965: stout layers with the weights rho_plaq (all directions), rho_poly,4 (Polyakov
 * term on temporal links) and rho_poly,s (Polyakov term on spatial links, one shared value). `layers` is their number (weights zero: the
 * identity) or the initial weights, layer by layer; default two layers, six weights.
 * @throws ConfigurationError without any layer.
 */
export function covariantNetwork(options: { readonly layers?: number | readonly (CovariantWeights | readonly [plaq: number, poly4: number, polys: number])[] } = {}): Layer<number, readonly { readonly rho: CovariantWeights }[]> {
  guard("covariantNetwork", { options: [options, is.keysOf("layers")] });
  const { layers = 2 } = options;
  guard("covariantNetwork", { layers: [layers, is.either(is.count, is.listOf(weightsOfLayer, 1))] });
  const zero: CovariantWeights = { plaq: 0, poly4: 0, polys: 0 };
  const weights = typeof layers === "number" ? Array.from({ length: layers }, () => zero) : layers.map((w) => ("plaq" in w ? w : { plaq: w[0], poly4: w[1], polys: w[2] }));
  const loops = { plaq: "plaquette", poly4: { loop: "polyakov", links: "temporal" }, polys: { loop: "polyakov", links: "spatial" } } as const;
  return stack("covariant network", weights.map((rho) => stout({ rho, loops })));
}

/** The same map with the fields inside of it computed again in the reverse pass: less memory, the forward arithmetic twice. */
export function recomputed<N extends number, P>(layer: Layer<N, P>): Layer<N, P> {
  guard("recomputed", { layer: [layer, is.withMethods("a layer", "forward")] });
  return new Layer<N, P>(layer.name, layer.parameters, (U: Links<N>, p: TracedOf<P>): Links<N> => checkpoint((V: Links<N>) => layer.forward(V, p))(U));
}

/** The same map with every weight uniform in (-width, width), a function of the seed. */
export function randomWeights<L extends { readonly parameters: unknown; with(parameters: never): unknown }>(layer: L, options: { readonly seed: number; readonly width?: number }): L {
  guard("randomWeights", { layer: [layer, is.withMethods("a layer", "with")], options: [options, is.keysOf("seed", "width")] });
  const { seed, width = 0.01 } = options;
  const space = parameterSpace(layer.parameters);
  const random = randomStream(seed).sequence(PURPOSE.initialisation);
  return layer.with(space.unflatten(Float64Array.from({ length: space.size }, () => width * (2 * random.next() - 1))) as never) as L;
}

/** The recorded map of a network, shared by all its weights. */
interface NetworkMap {
  readonly name: string;
  readonly forward: Layer<number, readonly CaskParameters[]>["forward"];
  readonly replay: Replayable;
}

/** CASK blocks one after the other. Made by `caskNetwork`. */
export class CaskNetwork extends Layer<number, readonly CaskParameters[]> {
  /** The blocks with their weights. */
  readonly blocks: readonly CaskLayer[];
  readonly #map: NetworkMap;

  constructor(blocks: readonly CaskLayer[], map: NetworkMap) {
    super(map.name, blocks.map((b) => b.parameters), map.forward, map.replay);
    this.blocks = blocks;
    this.#map = map;
  }

  override with(parameters: readonly CaskParameters[]): CaskNetwork {
    expectInputs(`${this.name}.with`, parameters, this.parameters);
    return new CaskNetwork(this.blocks.map((b, k) => b.with(parameters[k]!)), this.#map);
  }

  /** Attention weights of a block (the first is 0) on the links that reach it, as `CaskLayer.attention`. */
  attention(U: LinkField, block = 0): Readonly<Record<string, Field<RealType>>> {
    const at = this.blocks[block];
    if (!at) throw new ConfigurationError(`CASK network: got block ${block}, expected 0 to ${this.blocks.length - 1}`);
    return at.attention(this.blocks.slice(0, block).reduce((V, b) => b.apply(V), U));
  }
}

/**
 * CASK_n: n equal blocks (default 1) with weights of their own; zero weights, the default, are the identity, `randomWeights` makes the blocks
 * different. `recompute` keeps only the links between the blocks for the reverse pass.
 * @throws ConfigurationError for fewer than one block, or as `cask`.
 */
export function caskNetwork(options: CaskOptions & { readonly blocks?: number; readonly recompute?: boolean } = {}): CaskNetwork {
  guard("caskNetwork", { options: [options, is.object] });
  const { blocks: count = 1, recompute = false, ...settings } = options;
  if (!Number.isInteger(count) || count < 1) throw new ConfigurationError(`caskNetwork: got ${count} blocks, expected an integer >= 1`);
  const block = cask(settings);
  const blocks = Array.from({ length: count }, () => block);
  // the last block is differentiated first, so nothing is gained by computing it again
  const { name, forward } = stack(`CASK ${settings.variant ?? "symmetric"} x ${count}`, blocks.map((b, k) => (recompute && k < count - 1 ? recomputed<number, CaskParameters>(b) : b)));
  return new CaskNetwork(blocks, { name, forward, replay: replayable(forward) });
}
