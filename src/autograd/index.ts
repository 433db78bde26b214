/// <reference lib="esnext.disposable" preserve="true" />
/** Autograd room: record, differentiate and replay programs over small-matrix fields. */
export { Lattice, addDisplacements, displacementText, type Displacement, type Domain } from "./lattice.ts";
export type { CompileOptions, Engine, Executable, HostSites, NormalCounter, Storage } from "./engine.ts";
export { type AlgebraField, DirectionalField, Field, type FieldSummary, type LinkField } from "./field.ts";
export { atOnce, forOwnSites, largest } from "./own-sites.ts";
export { type FieldData, LiveValues, type SiteValues, numbersBySite, setFields } from "./site-values.ts";
export { outside, scope } from "./scope.ts";
export { drawNormals } from "./normals.ts";
export { Directional, concreteLeaves, tracedTwin, type Algebras, type ArgumentOf, type Concrete, type ConcreteOf, type Links, type TangentOf, type TracedOf, leafTypeOn, readNumber } from "./tree.ts";
export { type Algebra, type Channels, type Complex, type TracedTensor, type Matrix, type Program, type Real, type Scalar, type Attributes, type Node, type Spin, Tape, Traced, type Vector } from "./tape.ts";
export {
  type ChannelsType,
  type ComplexType,
  type TensorType,
  type MatrixType,
  type RealType,
  type ScalarType,
  type SiteType,
  type SpinType,
  type ValueType,
  type VectorType,
  asQuaternion,
  channelsType,
  complexType,
  tensorType,
  components,
  domainOf,
  linkType,
  isQuaternion,
  isShared,
  realType,
  realsOf,
  scalarType,
  siteMatrixType,
  spinOf,
  spinType,
  storedComponents,
  typeText,
  vectorType,
} from "./types.ts";
export type { DenseWork, JointContext, LoopWork, Op, OverlapWork, Role, Rules, Sample, SolveMethod, System, VjpContext } from "./op.ts";
export { type Stencil, type Term, pullOf, stencilOf } from "./stencil.ts";
export { inputOp, linkFieldBytes, numberKey } from "./program.ts";
export { type Operand, type Site, type SiteFunction, type V, complexOps } from "./site.ts";
export { Plan, record } from "./plan.ts";
export { checkpoint, grad, hvp, jvp, metric, pairing, replayable, valueAndGrad, vjp, type Replayable, type Transformed } from "./transforms.ts";
export { recordOnce } from "./once.ts";
export { pullback } from "./backward.ts";
export { expectInputs, expectTracedInputs, returnedLinks, returnedScalar } from "./returned.ts";
export * as kind from "./kinds.ts";
export { print, toGraphviz } from "./print.ts";
export { openTape } from "./recording.ts";
export { allOps } from "./ops/index.ts";
export { add, neg, scaleBy, sub } from "./ops/combine.ts";
export { type ConstantMatrixOptions, constantMatrix, constantReal, number, unit } from "./ops/constants.ts";
export { mul } from "./ops/mul.ts";
export { adj, conj } from "./ops/adj.ts";
export { shift } from "./ops/shift.ts";
export { scale } from "./ops/scale.ts";
export { cdot, dot } from "./ops/dot.ts";
export { normalise, tangent } from "./ops/normalise.ts";
export { outer } from "./ops/outer.ts";
export { reTrace, trace } from "./ops/trace.ts";
export { quaternionPart } from "./ops/quaternion.ts";
export { ta } from "./ops/ta.ts";
export { dexp, exp } from "./ops/exp.ts";
export { argDet, lyap, polar, projectSU } from "./ops/polar.ts";
export { abs, asinh, atan, cos, log1p, pow, relu, sigmoid, sign, sin, softplus, sqrt, square, step, tan, tanh } from "./ops/unary.ts";
export { arg, atan2, divide, exponential, log, reciprocal } from "./ops/arg.ts";
export { logsumexp, max, min, softmax } from "./ops/max.ts";
export { inverse } from "./ops/inverse.ts";
export { det } from "./ops/det.ts";
export { type FormFactors, adjointForm } from "./ops/adjoint-form.ts";
export { sumLogs } from "./ops/sum-logs.ts";
export { updateLogDet } from "./ops/update-log-det.ts";
export { type SiteMap, localOp } from "./local-op.ts";
export { applyOp } from "./apply.ts";
export { abs2, complex, im, re } from "./ops/complex.ts";
export { broadcast, mean, sum } from "./ops/sum.ts";
export { batchMean, batchSum } from "./ops/samples.ts";
export { channel, channels, repeatChannels, sliceChannels, sumChannels } from "./ops/channels.ts";
export { type SiteConvOptions, siteConv, siteLinear, tapsOf, tensorSum, weightShape } from "./ops/tensors.ts";
export { Tensor } from "../util/index.ts";
export { PerSample, perSample, samplewise, totalOf } from "./per-sample.ts";
export { oneSample, sampleOf, setSample } from "./samples.ts";
export { extend, merge, restrict } from "./ops/domain.ts";
export { alias, detach } from "./ops/flow.ts";
export { type SolveOptions, solve } from "./ops/solve.ts";
export { type RepeatOptions, repeat } from "./ops/repeat.ts";
export { type LogDetOptions, denseRows, logDet } from "./ops/log-det.ts";
export { type OverlapLogDetOptions, overlapLogDet } from "./ops/overlap-log-det.ts";
export { type SpinMatrix, spinMul } from "./ops/spin.ts";
export { customOp, type CustomRule } from "./ops/custom.ts";
export { mask, where } from "./ops/where.ts";
