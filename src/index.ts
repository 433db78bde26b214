/**
 * gaugegrad: what a user needs, under one name. Everything else of a room is in the room's own entry: `gaugegrad/autograd`, `gaugegrad/gauge`, ...; runs and their
 * parts are in `gaugegrad/runs`, statistics in `gaugegrad/util`, plots in `gaugegrad/report`. Types are all here.
 */

// fields, ops, recording, derivatives
export {
  abs, abs2, add, adj, alias, arg, argDet, asinh, atan, atan2, batchMean, batchSum, broadcast, cdot, channel, channels, channelsType, checkpoint, complex, complexType, conj, constantMatrix, constantReal, cos, customOp, det,
  detach, dexp, DirectionalField, divide, dot, exp, exponential, extend, Field, grad, hvp, im, inverse, jvp, Lattice, linkType, log, log1p, logDet, logsumexp, lyap, mask,
  max, mean, merge, metric, min, mul, neg, normalise, number, outer, pairing, perSample, Plan, polar, pow, print, projectSU, re, realType, reciprocal, record, repeat, repeatChannels, relu,
  replayable, restrict, reTrace, sampleOf, scalarType, scale, scaleBy, scope, setSample, shift, sigmoid, sign, sin, siteConv, siteLinear, siteMatrixType, softmax, softplus, solve, spinMul, spinOf, spinType,
  sqrt, square, step, sub, sum, sumChannels, ta, tan, tangent, tanh, Tensor, tensorSum, trace, Traced, unit, updateLogDet, valueAndGrad, vectorType, vjp, where,
} from "./autograd/index.ts";
export type * from "./autograd/index.ts";

// rational approximation
export { evaluateRational, rationalApproximation } from "./linalg/index.ts";
export type * from "./linalg/index.ts";

// lattices, groups, links, loops, actions, flow, observables, symmetries
export {
  action, actionDensity, actionFlow, algebraElement, algebraGenerator, chargeConjugate, closedFormLinks, cloverStrength, cold, directionField, drawAlgebra, energyDensity, FieldAction, fieldAction,
  creutzRatios, fixGauge, flowScales, GaugeAction, gaugeAction, gaugeFunctional, gaugeTransform, geometricCharge, gradientFlow, groupOf, higgsLink, hot, instanton, lattice, line,
  linkTrace, loopAction, loopCorrelation, loopCorrelator, loopProduct, loopSum, loopTable, loopTrace, namedLoops, nearUnit, parseGroup, parsePath, pathProduct, plaquette, plaquettes, plaquetteSum, polyakovLoops, randomGaugeTransformation,
  rectangles, reflect, reunitarise, reversePath, rotate, scalarAction, scalarMoments, stableFlowStep, staple, staples, startFields, staticPotential, SU, swapAxes, symanzikFlow, topologicalCharge, topologicalChargeDensity,
  translate, U1, unitarityDefect, wilsonFlow, wilsonLoop,
} from "./gauge/index.ts";
export type * from "./gauge/index.ts";

// Dirac operators, pseudofermions, measurements
export {
  antiperiodic, biCGStab, checkOperator, chiralCondensate, closedFormSource, conjugateGradient, determinantAction, domainWall, domainWallD, domainWallDdag, domainWallPion, domainWallType, effectiveDomainWall, exactOverlap, fat7Links, gamma,
  gamma5, hisq, hisqD, hisqLinks, largestEigenvalue, logDeterminant, lowModes, lowestEigenvalues, mesonChannels, mesonCorrelators, multiShiftConjugateGradient, normalSpectrum, overlap, overlapSign, pionCorrelator, pointPropagator,
  pseudofermionAction, pseudofermions, rootPseudofermions, signFunction, staggered, staggeredD, staggeredNormal, staggeredType, twisted, wilson, wilsonColumns, wilsonD, wilsonDdag, wilsonNormal, wilsonPion,
  wilsonPropagator, wilsonType,
} from "./fermions/index.ts";
export type * from "./fermions/index.ts";

// the check
export { check, CheckReport } from "./check/index.ts";
export type * from "./check/index.ts";

// hybrid Monte Carlo and its kin
export { drift, forceOn, heatbath, hmc, integrate, integrators, kick, kineticEnergy, runChain, slmc, summarise, sumOfTargets, targetOf } from "./samplers/index.ts";
export type * from "./samplers/index.ts";

// effective actions, losses, optimisers
export {
  acceptanceOfSd, adam, adamW, assess, clipNorm, EffectiveAction, effectiveAction, finishTraining, fluctuation, gaussNewton, lbfgs, linearStart, losses, regression, schedules, sgd, takeSample,
  trainOffline, trainOnline, weightAverage,
} from "./training/index.ts";
export type * from "./training/index.ts";

// layers, networks, model files
export {
  ape, cask, caskNetwork, chain, convolution, convolutionChannels, convolutionParameters, covariantNetwork, flowLayer, hex, hyp, Layer, layer, loadModel, loopChannels,
  nhyp, randomWeights, readModel, real, recomputed, saveModel, stout, tensor, transported,
} from "./models/index.ts";
export type * from "./models/index.ts";

// bijections and learned samplers
export { Bijection, bijection, fieldTransformed, maskedStout } from "./flows/index.ts";
export type * from "./flows/index.ts";

// configurations in files
export { readGauge, writeGauge } from "./io/index.ts";
export type * from "./io/index.ts";

export * from "./errors.ts";
export { type ParameterSpace, countParameters, parameterSpace, randomParameters } from "./util/index.ts";
export { type EngineReport, TfjsBackend, type TfjsEngineName, type TfjsOptions, type TfjsPrecision, loadTfjs, probeEngines } from "./compiler/index.ts";
