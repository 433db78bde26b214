/** Gauge room: lattices, groups, links, loops, actions, flow, observables, symmetries. */
export { lattice, latticeKeys, ofLattice, type LatticeOptions } from "./lattice.ts";
export { type Group, SU, U1, algebraElement, algebraGenerator, algebraMap, groupOf, parseGroup } from "./group.ts";
export { drawAlgebra } from "./gaussian.ts";
export { closedFormLinks, directionField, exponentialLinks } from "./closed-form.ts";
export { type Path, detour, line, loopProduct, loopSum, loopTrace, parsePath, pathProduct, pathText, plaquette, reversePath, staple, staples } from "./loops.ts";
export { type LoopName, loopStaple, namedLoops, orientations, staplePaths } from "./loop-set.ts";
export { drawPath } from "./draw-path.ts";
export { type Loop, type LoopActionInputs, loopAction, loopEnergy, pathsOf } from "./loop-action.ts";
export { PerLattice, PerStructure } from "./per-lattice.ts";
export { type Configuration, type FieldKind, type FieldKinds, type FieldOfKind, type FieldStart, type FieldsOf, type ForcesOf, type TracedFields, normalMap, startFields } from "./configuration.ts";
export { FieldAction, fieldAction } from "./field-action.ts";
export { type HiggsInputs, type Phi4Inputs, scalarAction } from "./scalar-action.ts";
export { higgsLink, scalarMoments } from "./scalar-observables.ts";
export { type Action, GaugeAction, type Smearing, type WeightedLoop, action } from "./action.ts";
export { type AnisotropicCouplings, alongTime, gaugeAction, gaugeLoops, plaquetteSum, rectangleSum } from "./gauge-action.ts";
export { type RandomStart, cold, hot, instanton, nearUnit } from "./starts.ts";
export {
  type Isometry,
  axisSwap,
  chargeConjugate,
  gaugeTransform,
  gaugeTransformAlgebra,
  randomGaugeTransformation,
  reflect,
  reflection,
  rotate,
  rotation,
  swapAxes,
  transformAlgebra,
  transformSites,
  transformLinks,
  translate,
  translation,
} from "./symmetry.ts";
export { type EnergyDensity, type PlaneMeans, actionDensity, energyDensity, linkTrace, plaquettes, polyakovLoops, rectangles, wilsonLoop } from "./observables.ts";
export { cloverStrength, leaves, plaquetteStrength, rectangleStrength } from "./field-strength.ts";
export { type ChargeMethod, geometricCharge, geometricChargeDensity, topologicalCharge, topologicalChargeDensity } from "./topology.ts";
export { type Flow, type FlowForce, type FlowOptions, flowStep, generator, gradientFlow, stableFlowStep, symanzikFlow, wilsonFlow } from "./flow.ts";
export { type FlowHistoryOptions, type FlowPoint, flowHistory } from "./flow-history.ts";
export { actionFlow } from "./action-flow.ts";
export { type FlowScaleOptions, type FlowScales, flowScales, scalesOf } from "./flow-scales.ts";
export { type UnitarityDefect, completeLastRow, reunitarise, unitarityDefect } from "./unitarity.ts";
export { type FixedGauge, type GaugeFixingOptions, fixGauge, gaugeFunctional } from "./gauge-fixing.ts";
export { type ComplexNumber, type LoopCorrelation, loopCorrelation, loopCorrelator } from "./loop-correlations.ts";
export { type LoopRatio, type LoopTable, creutzRatios, loopTable, staticPotential } from "./potential.ts";
export { aGroup } from "./kinds.ts";
