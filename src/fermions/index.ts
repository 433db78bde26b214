/** Fermions: Dirac operators on the tape, pseudofermions, solvers, measurements. */
export { type DiracMaps, type DiracOperator, type OperatorParameters, type Twist, normalOf, twisted } from "./operator.ts";
export { type Boundary, type StaggeredOperator, type StaggeredParameters, antiperiodic, naive, staggered, staggeredD, staggeredNormal, staggeredType, tastes } from "./staggered.ts";
export { type HisqLinks, type PathCoefficients, fat7Links, fatLinks, hisq, hisqD, hisqLinks } from "./hisq.ts";
export { type PseudofermionInputs, type PseudofermionOptions, type Pseudofermions, applyRational, pseudofermions } from "./pseudofermions.ts";
export { type DeterminantOptions, determinantAction } from "./determinant.ts";
export { type RootInputs, type RootPseudofermions, rootPseudofermions } from "./roots.ts";
export { closedFormSource } from "./closed-form.ts";
export { type ConjugateGradientOptions, type ConjugateGradientResult, type MultiShiftResult, conjugateGradient, multiShiftConjugateGradient } from "./conjugate-gradient.ts";
export { type CondensateMethod, chiralCondensate, pionCorrelator, pointPropagator, pseudofermionAction } from "./measurements.ts";
export { type OperatorOptions, type StaggeredOptions, largestEigenvalue, logDeterminant, lowestEigenvalues, normalSpectrum } from "./spectrum.ts";
export { type WilsonParameters, gamma, gamma5, wilson, wilsonD, wilsonDdag, wilsonNormal, wilsonType } from "./wilson.ts";
export { type PionCorrelators, type WilsonOptions, wilsonPion, wilsonPropagator } from "./wilson-measurements.ts";
export { type DomainWallParameters, type DomainWallShape, domainWall, domainWallD, domainWallDdag, domainWallNormal, domainWallType } from "./domain-wall.ts";
export { type DomainWallOptions, type DomainWallPion, domainWallPion } from "./domain-wall-measurements.ts";
export { type OverlapKernel, type OverlapParameters, type SignParameters, overlap, overlapKernelD, overlapSign } from "./overlap.ts";
export { ExactOverlap, type OverlapShape, exactOverlap } from "./overlap-spectrum.ts";
export { SignFunction, type SignFunctionOptions, signFunction } from "./sign-function.ts";
export { type EffectiveDomainWallParameters, effectiveDomainWall } from "./effective-domain-wall.ts";
