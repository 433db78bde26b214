/** Spins room: classical O(3) spins with fermions, effective models of them, self-learning Monte Carlo. */
export { type SpinField, expectUnitSpins, ferromagnet, magnetisation, neel, randomSpins, spinField, spinsFrom, staggeredMagnetisation } from "./spin-field.ts";
export { HermitianEigenproblem } from "./hermitian.ts";
export { DoubleExchange, type DoubleExchangeOptions, doubleExchange } from "./double-exchange.ts";
export { type Shell, distanceShells } from "./shells.ts";
export { type LocalChain, type SpinWeight } from "./weights.ts";
export { type AttentionWeights, type TransformerParameters, attentionBlock, pairEnergy } from "./attention.ts";
export { SpinTransformer, type TransformerOptions, spinTransformer } from "./transformer.ts";
