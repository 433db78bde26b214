/**
 * Integrators of dU/dtau = P U, dP/dtau = -F as data: one step of length h is a palindrome of kicks P <- P - c h F and drifts
 * U <- exp(c h P) U. Every scheme of this form is reversible under P -> -P and preserves the volume of group x algebra, whatever F is.
 */
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/** One move of a step: its kind and its fraction of the step. */
export type Stage = readonly ["kick" | "drift", number];

/** A symmetric splitting scheme. `order` is the power of h in the error of H at fixed trajectory length. */
export interface Integrator {
  readonly name: string;
  readonly order: number;
  readonly stages: readonly Stage[];
}

/** Splitting parameter of the second order minimum norm scheme (Omelyan, Mryglod, Folk; arXiv:hep-lat/0505020). */
const LAMBDA = 0.1931833275037836;

/** Parameters of the fourth order minimum norm scheme with five forces (4MN5FV, arXiv:hep-lat/0505020). */
const [RHO, THETA, VARTHETA, MU] = [0.2539785108410595, -0.03230286765269967, 0.08398315262876693, 0.6822365335719091];

/** The step from its first half: the middle stage is not repeated. */
function palindrome(name: string, order: number, half: readonly Stage[]): Integrator {
  return Object.freeze({ name, order, stages: [...half, ...half.slice(0, -1).reverse()] });
}

/** Integrators by name. */
export const integrators = Object.freeze({
  /** U(h/2) P(h) U(h/2): one force a step, second order. */
  leapfrogQPQ: palindrome("leapfrog QPQ", 2, [["drift", 0.5], ["kick", 1]]),
  /** P(h/2) U(h) P(h/2): one force a step, second order. */
  leapfrogPQP: palindrome("leapfrog PQP", 2, [["kick", 0.5], ["drift", 1]]),
  /** P(l h) U(h/2) P((1-2l) h) U(h/2) P(l h): two forces a step, second order, about a tenth of the leapfrog error. */
  omelyan: palindrome("Omelyan 2MN", 2, [["kick", LAMBDA], ["drift", 0.5], ["kick", 1 - 2 * LAMBDA]]),
  /** Five forces a step, fourth order. */
  omf4: palindrome("Omelyan 4MN5FV", 4, [
    ["kick", VARTHETA],
    ["drift", RHO],
    ["kick", MU],
    ["drift", THETA],
    ["kick", 0.5 - VARTHETA - MU],
    ["drift", 1 - 2 * (RHO + THETA)],
  ]),
});

/** Name of an integrator in run files and option tables. */
export type IntegratorName = keyof typeof integrators;

/** The integrator of a name, or the integrator itself. @throws ConfigurationError for an unknown name. */
export function integratorOf(which: IntegratorName | Integrator): Integrator {
  if (typeof which === "object") return which;
  if (!Object.hasOwn(integrators, which))
    throw new ConfigurationError(`integrator: got "${String(which)}", expected one of ${Object.keys(integrators).join(", ")}`);
  return integrators[which];
}

/** One time scale of a nested integration: the scheme and the number of its steps within one drift of the level above. */
export interface TimeScale {
  readonly integrator: IntegratorName | Integrator;
  readonly steps: number;
}

/** One move of a trajectory: a drift of the links, or a kick by the force of a level. */
export type Move = { readonly kind: "drift"; readonly time: number } | { readonly kind: "kick"; readonly level: number; readonly time: number };

/**
 * All moves of a trajectory. Levels are listed from the coarsest to the finest: each drift of a level is a whole integration by the
 * next one, and the finest drifts the links (Sexton and Weingarten, Nucl. Phys. B 380 (1992) 665). Neighbouring drifts, and
 * kicks of one level with no drift between them, are merged: kicks commute, as forces depend on the links only.
 * @throws ConfigurationError for a length that is not finite and positive, no level, or steps that are not positive integers.
 */
export function schedule(levels: readonly TimeScale[], length: number): Move[] {
  guard("schedule", { levels: [levels, is.listOf(is.object, 1)], length: [length, is.positive] });
  if (!(length > 0 && Number.isFinite(length))) throw new ConfigurationError(`trajectory length: got ${length}, expected a positive number`);
  if (levels.length === 0) throw new ConfigurationError("molecular dynamics: got no level, expected at least one force with its integrator and steps");
  for (const { steps } of levels)
    if (!Number.isInteger(steps) || steps < 1) throw new ConfigurationError(`molecular dynamics: got steps = ${steps}, expected a positive integer`);
  const moves: Move[] = [];
  const integrateLevel = (level: number, time: number): void => {
    const { integrator, steps } = levels[level]!;
    for (let s = 0; s < steps; s++)
      for (const [kind, fraction] of integratorOf(integrator).stages) {
        const dt = (fraction * time) / steps;
        if (kind === "kick") append(moves, { kind, level, time: dt });
        else if (level + 1 < levels.length) integrateLevel(level + 1, dt);
        else append(moves, { kind, time: dt });
      }
  };
  integrateLevel(0, length);
  return moves;
}

function append(moves: Move[], move: Move): void {
  for (let k = moves.length - 1; k >= 0; k--) {
    const last = moves[k]!;
    if (last.kind !== move.kind) break;
    if (last.kind === "drift" || last.level === (move as { level: number }).level) {
      moves[k] = { ...last, time: last.time + move.time };
      return;
    }
  }
  moves.push(move);
}
