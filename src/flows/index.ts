/** Flows room: bijections with log det, field transformations, learned samplers. */
export { type AnyBijection, Bijection, type Image, type ImageField, type Inversion, bijection, chain } from "./bijection.ts";
export { type GateWeights, type MaskedStoutOptions, type StoutParameters, type StoutWeights, maskedStout } from "./masked-stout.ts";
export { type TransformedInputs, fieldTransformed } from "./field-transformed.ts";
export { type Laplacian, type OperatorName, casimir, laplacianOf, operatorValues, operatorsOf } from "./loop-operators.ts";
export { type ActionFlowOptions, type FlowCoefficients, type FlowScheme, actionFlow, stepError, trivialisingAction } from "./action-flow.ts";
export { type BatchGradient, type FlowObjective, type GenerativeModel, type FlowSample, type TargetAction, type WeightSpread, linkModel, scalarModel } from "./generative/model.ts";
export { type WeightSpec, type WeightTree } from "./generative/weights.ts";
export { type U1FlowOptions, couplingLayer, u1Flow } from "./generative/u1-flow.ts";
export { type SpectralFlowOptions, spectralFlow } from "./generative/spectral-flow.ts";
export { type Phi4FlowOptions, phi4Flow } from "./generative/phi4.ts";
export { type IndependenceState, type IndependenceSummary, type WeightSummary, independenceStep, independenceSummary, weightSummary } from "./generative/metropolis.ts";
export { type TrivialisingFlowOptions, trivialisingFlow } from "./generative/trivialising.ts";
export { exactLogZ2d } from "./exact-2d.ts";
export { type SchwingerDysonSystem, schwingerDysonFlow, schwingerDysonSolution, schwingerDysonSystem } from "./schwinger-dyson.ts";
export { type Angles, type L2Networks, type L2Options, type L2State, type Modulation, l2Trajectory } from "./l2hmc.ts";
export { L2Hmc, type L2HmcOptions, l2hmc } from "./l2-sampler.ts";
export { demonCoupling, demonEnergy } from "../util/index.ts";
export { demonSweepU1 } from "./demon.ts";
