/** Models room: layers, networks, losses, training. */
export { type AnyLayer, type Declaration, Layer, type RealParameter, type ValuesOf, chain, layer, real } from "./layer.ts";
