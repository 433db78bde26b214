/** Models room: layers, networks and their registry, model files. */
export { type AnyLayer, Layer, chain, layer } from "./layer.ts";
export { type Declaration, type RealParameter, type TensorParameter, type ValuesOf, real, tensor } from "../util/index.ts";
export { CaskNetwork, type CovariantWeights, caskNetwork, covariantNetwork, randomWeights, recomputed } from "./networks.ts";
export { type Directions, type LoopSet, type LoopTerm, type Weights } from "./layers/loop-weights.ts";
export { stout } from "./layers/stout.ts";
export { type Activation, type Pattern } from "./layers/attention.ts";
export { CaskLayer, type CaskOptions, type CaskParameters, cask } from "./layers/cask.ts";
export { type LoadedModel, type ModelRecord, type ModelToSave, type NetworkRegistry, type Plain, type TrainableLayer, loadModel, readModel, saveModel } from "./model-file.ts";
export { type ApeOptions, type ApeParameters, type Projection, ape } from "./layers/ape.ts";
export { type HypercubicParameters, hex, hyp, nhyp } from "./layers/hypercubic.ts";
export { type FlowLayerOptions, type FlowParameters, type TimeWeights, flowLayer } from "./layers/flow-layer.ts";
export {
  type ConvolutionBlock, type ConvolutionOptions, type ConvolutionParameters, type Gate, bilinear, convolution, convolutionChannels, convolutionParameters, loopChannels, traceGate,
  transportConvolution, transported,
} from "./layers/convolution.ts";
