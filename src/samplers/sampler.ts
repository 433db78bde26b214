/** What a chain needs from an update of the links. */
import { type AlgebraField, DirectionalField, type LinkField, outside } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { Action } from "../gauge/index.ts";
import type { RandomStream } from "../util/index.ts";
import { kick } from "./molecular-dynamics.ts";

/** Result of one update. */
export interface StepResult {
  /** Number of the trajectory (or sweep), counted from 0. */
  readonly trajectory: number;
  readonly accepted: boolean;
  /** Violation of the Hamiltonian, H_new - H_old; absent where no Metropolis step is made. */
  readonly dH?: number;
}

/** One Markov chain update after the other, in place. All its random numbers are functions of (seed, stream, trajectory). */
export interface Sampler<N extends number = number, R extends StepResult = StepResult> {
  readonly name: string;
  /** Number of the next trajectory; set it (with the links of that time) to resume a chain with the same bits. */
  trajectory: number;
  /** Updates U in place; a rejected proposal leaves it as it was. */
  step(U: LinkField<N>): R;
}

/**
 * The distribution exp(-S): any `Action`, and, for actions with auxiliary fields (pseudofermions), a fresh draw of them from their
 * conditional distribution at the start of each trajectory.
 */
export interface Target<N extends number = number> extends Action<N> {
  /** Draws the auxiliary fields for this trajectory on the links U. `random` is the chain's own stream. */
  refresh?(U: LinkField<N>, trajectory: number, random: RandomStream): void;
}

/** Where molecular dynamics takes its force: any action; auxiliary fields follow the target's draw, which comes first. */
export type Guide<N extends number = number> = Pick<Target<N>, "force" | "refresh">;

/**
 * One recorded action as a target whose auxiliary fields are drawn by `parts`: gauge action and pseudofermions in one program,
 * `targetOf(gaugeAction.wilson({ beta }).plus(f.action), f)`. The parts and the action must share their fields.
 */
export function targetOf<N extends number>(action: Action<N>, ...parts: readonly Required<Pick<Target<N>, "refresh">>[]): Target<N> {
  return {
    name: action.name,
    value: (U) => action.value(U),
    force: (U, into) => action.force(U, into),
    refresh: (U, trajectory, random) => {
      for (const p of parts) p.refresh(U, trajectory, random);
    },
  };
}

/** Sum of targets: values and forces add, every part refreshes its own fields. @throws ConfigurationError for an empty list. */
export function sumOfTargets<N extends number>(...parts: readonly Target<N>[]): Target<N> {
  const [first, ...rest] = parts;
  if (!first) throw new ConfigurationError("sumOfTargets: got no target, expected at least one");
  let work: AlgebraField<N> | undefined;
  return {
    name: parts.map((p) => p.name).join(" + "),
    value: (U) => parts.reduce((s, p) => s + p.value(U), 0),
    force: (U, into = new DirectionalField(U.lattice, U.N, "algebra")) => {
      const total = first.force(U, into);
      if (work?.lattice !== U.lattice || work.N !== U.N) work = outside(() => new DirectionalField(U.lattice, U.N, "algebra"));
      for (const p of rest) kick(total, p.force(U, work), -1);
      return total;
    },
    refresh: (U, trajectory, random) => {
      for (const p of parts) p.refresh?.(U, trajectory, random);
    },
  };
}
