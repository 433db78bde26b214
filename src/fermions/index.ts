/** Fermions: Dirac operators on the tape, pseudofermions, solvers, measurements. */
export { type Boundary, type StaggeredOperator, antiperiodic, naive, staggeredD, staggeredNormal, staggeredType, tastes } from "./staggered.ts";
export { type HisqLinks, type PathCoefficients, fat7Links, fatLinks, hisq, hisqD, hisqLinks } from "./hisq.ts";
export type { Pseudofermions } from "./pseudofermions.ts";
export { type StaggeredPseudofermionOptions, staggeredPseudofermions } from "./staggered-pseudofermions.ts";
export { closedFormSource } from "./closed-form.ts";
export { type ConjugateGradientOptions, type ConjugateGradientResult, type MultiShiftResult, conjugateGradient, multiShiftConjugateGradient } from "./conjugate-gradient.ts";
export { type CondensateMethod, chiralCondensate, pionCorrelator, pointPropagator, pseudofermionAction } from "./measurements.ts";
export { type OperatorOptions, type StaggeredOptions, largestEigenvalue, lowestEigenvalues, staggeredDeterminant } from "./spectrum.ts";
export { type RationalPseudofermionOptions, RationalPseudofermions, applyRational, rationalPseudofermions } from "./rational-pseudofermions.ts";
export { gamma, gamma5, wilsonD, wilsonDdag, wilsonNormal, wilsonType } from "./wilson.ts";
export { type WilsonPseudofermionOptions, wilsonPseudofermions } from "./wilson-pseudofermions.ts";
export { type PionCorrelators, type WilsonOptions, wilsonDeterminant, wilsonPion, wilsonPropagator } from "./wilson-measurements.ts";
export { type DomainWallShape, domainWallD, domainWallDdag, domainWallNormal, domainWallType } from "./domain-wall.ts";
export { type DomainWallOptions, type DomainWallPion, domainWallPion } from "./domain-wall-measurements.ts";
export { type DomainWallPseudofermionOptions, domainWallPseudofermions } from "./domain-wall-pseudofermions.ts";
