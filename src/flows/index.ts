/** Flows room: bijections with log det, field transformations, learned samplers. */
export { type AnyBijection, Bijection, type Image, type ImageField, type Inversion, bijection, chain } from "./bijection.ts";
export { type GateWeights, type MaskedStoutOptions, type StoutParameters, type StoutWeights, maskedStout } from "./masked-stout.ts";
export { type TransformedInputs, fieldTransformed } from "./field-transformed.ts";
export { type Laplacian, type OperatorName, casimir, laplacianOf, operatorValues, operatorsOf } from "./loop-operators.ts";
export { type ActionFlowOptions, type FlowCoefficients, actionFlow, stepError, trivialisingAction } from "./action-flow.ts";
