/** Spins room: classical O(3) spins with fermions, effective models of them, self-learning Monte Carlo. */
export { type SpinField, expectUnitSpins, ferromagnet, magnetisation, neel, randomSpins, spinField, spinsFrom, staggeredMagnetisation } from "./spin-field.ts";
export { DoubleExchange, type DoubleExchangeOptions, doubleExchange } from "./double-exchange.ts";
export { type Shell, distanceShells } from "./shells.ts";
export { type LocalChain, type SpinWeight } from "./weights.ts";
export { type AttentionWeights, type TransformerParameters, attentionBlock, pairEnergy } from "./attention.ts";
export { SpinTransformer, type TransformerOptions, spinTransformer } from "./transformer.ts";
export { type LinearFit, LinearModel, type SpinSample, fitLinear, meanSquare, shellCorrelations } from "./linear-model.ts";
export { type Sequence, metropolisUpdates } from "./metropolis.ts";
export { type SpinTraining, type TrainingOptions, acceptanceEstimates, deepened, objectiveOf, startTraining, trainStep, trainSteps, withLinearCouplings } from "./training.ts";
export {
  type ChainOptions, type OnlineOptions, type SelfLearningChain, type SelfLearningOptions, type SpinChain, type SpinStep, localMetropolis, selfLearning, trainWhileSampling,
} from "./slmc.ts";
export { moveSpins, randomOrthogonal, rotateSpins } from "./symmetry.ts";
export { type SpinSubject, checkSpins, isSpinSubject } from "./check.ts";
export { type ExactSamples, type SamplingOptions, exactSamples } from "./sampling.ts";
