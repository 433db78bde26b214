/** Models room: layers, networks, losses, training. */
export { type AnyLayer, type Declaration, Layer, type RealParameter, type ValuesOf, chain, layer, real } from "./layer.ts";
export { CaskNetwork, type CovariantWeights, caskNetwork, covariantNetwork, randomWeights, recomputed } from "./networks.ts";
export { type Directions, type LoopSet, type LoopTerm, type Weights } from "./layers/loop-weights.ts";
export { stout } from "./layers/stout.ts";
export { type Activation, type Pattern } from "./layers/attention.ts";
export { CaskLayer, type CaskOptions, type CaskParameters, cask } from "./layers/cask.ts";
export { type ParameterSpace, countParameters, parameterSpace, randomParameters } from "../util/parameters.ts";
export { EffectiveAction, type EffectiveInputs, type EffectiveParts, type ParametricAction, type ValueAndGradient, effectiveAction } from "./effective-action.ts";
export { type Assessment, type Fluctuation, type Loss, type LossEvaluation, type Offset, acceptanceOfSd, assess, fluctuation, losses } from "./losses.ts";
export { type Schedule, schedules } from "../util/schedule.ts";
export { type AdamOptions, type FirstOrderOptions, type Objective, type Optimiser, type OptimiserState, type OptimiserStep, type Residuals, adam, adamW, clipNorm, sgd } from "../util/optimisers.ts";
export { type GaussNewtonOptions, gaussNewton } from "../util/least-squares.ts";
export { type SampleOptions, type StoredSample, type TrainingSample, restoreSample, storeSample, takeSample } from "./training-samples.ts";
export { Learner, type LearningOptions, type LearningStep, type TrainingState } from "./training.ts";
export { type OnlineStep, type OnlineTrainingOptions, type PriorSampler, type ReplayOptions, trainOnline } from "./training-online.ts";
export { type Epoch, type OfflineResult, type OfflineTrainingOptions, finishTraining, trainOffline } from "./training-offline.ts";
export { type LoadedModel, type ModelRecord, type ModelToSave, type NetworkRegistry, type Plain, type TrainableLayer, loadModel, readModel, saveModel } from "./model-file.ts";
export { type ApeOptions, type ApeParameters, type Projection, ape } from "./layers/ape.ts";
export { type HypercubicParameters, hex, hyp, nhyp } from "./layers/hypercubic.ts";
export { type FlowLayerOptions, type FlowParameters, type TimeWeights, flowLayer } from "./layers/flow-layer.ts";
export {
  type ConvolutionBlock, type ConvolutionOptions, type ConvolutionParameters, type Gate, bilinear, convolution, convolutionChannels, convolutionParameters, loopChannels, traceGate,
  transportConvolution, transported,
} from "./layers/convolution.ts";
export { buildNetwork, networks } from "./network-registry.ts";
