/** Models room: layers, networks, losses, training. */
export { type AnyLayer, type Declaration, Layer, type RealParameter, type ValuesOf, chain, layer, real } from "./layer.ts";
export { type CovariantWeights, covariantNetwork } from "./networks.ts";
export { type Directions, type LoopSet, type LoopTerm, type Weights } from "./layers/loop-set.ts";
export { stout } from "./layers/stout.ts";
export { type Activation, type Pattern } from "./layers/attention.ts";
export { CaskLayer, type CaskOptions, type CaskParameters, cask } from "./layers/cask.ts";
