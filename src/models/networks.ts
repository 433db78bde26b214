/** Networks made of layers. */
import { ConfigurationError } from "../errors.ts";
import { Layer, chain } from "./layer.ts";
import { stout } from "./layers/stout.ts";

/** Weights of one layer of the gauge covariant network: plaquettes of all links, Polyakov term of temporal links, of spatial links. */
export type CovariantWeights = { readonly plaq: number; readonly poly4: number; readonly polys: number };

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
  const { layers = 2 } = options;
  const zero: CovariantWeights = { plaq: 0, poly4: 0, polys: 0 };
  const weights = typeof layers === "number" ? Array.from({ length: layers }, () => zero) : layers.map((w) => ("plaq" in w ? w : { plaq: w[0], poly4: w[1], polys: w[2] }));
  if (weights.length === 0) throw new ConfigurationError("covariantNetwork: got no layers, expected at least one");
  const loops = { plaq: "plaquette", poly4: { loop: "polyakov", links: "temporal" }, polys: { loop: "polyakov", links: "spatial" } } as const;
  return stack("covariant network", weights.map((rho) => stout({ rho, loops })));
}
