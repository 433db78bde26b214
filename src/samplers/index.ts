/** Samplers room: molecular dynamics, hybrid Monte Carlo with an exact Metropolis step, heatbath, chains and their statistics. */
export { type Integrator, type IntegratorName, type Move, type Stage, type TimeScale, integratorOf, integrators, schedule } from "./integrators.ts";
export { type Force, type ForceOn, type Level, type TrajectoryOptions, drift, integrate, integrateLevels, kick, kineticEnergy } from "./molecular-dynamics.ts";
export { type Drawing, type FieldGuide, type FieldTarget, type Guide, type Refreshed, type RefreshedOn, type Sampler, type StepResult, type Target, sumOfTargets, targetOf } from "./sampler.ts";
export { type Masses, type Momenta, type Movable, copyInto, copyOf, linksOf, liveValues, momentaLike, setValues, valuesOf } from "./movable.ts";
export { forceInSingle, forceOn } from "./mixed-precision.ts";
export { type GuideLevel, type FieldHmcOptions, Hmc, type HmcOptions, type Reversibility, type TrajectoryResult, hmc } from "./hmc.ts";
export { Heatbath, type HeatbathOptions, heatbath } from "./heatbath.ts";
export { SelfLearningMonteCarlo, type SlmcOptions, slmc } from "./slmc.ts";
export { type ChainOptions, type ChainStep, type Observables, type Series, type Summary, markovChain, runChain, summarise } from "./chain.ts";
