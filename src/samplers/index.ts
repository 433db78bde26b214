/** Samplers room: molecular dynamics, hybrid Monte Carlo with an exact Metropolis step, heatbath, chains and their statistics. */
export { type Integrator, type IntegratorName, type Move, type Stage, type TimeScale, integratorOf, integrators, schedule } from "./integrators.ts";
export { type Force, type Level, type TrajectoryOptions, drift, integrate, integrateLevels, kick, kineticEnergy } from "./molecular-dynamics.ts";
