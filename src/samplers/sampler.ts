/** What a chain needs from an update of the links. */
import { type AlgebraField, DirectionalField, type Field, type LinkField, type ScalarType, outside, samplewise } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { Action, Configuration } from "../gauge/index.ts";
import type { RandomStream } from "../util/index.ts";
import { kick } from "./molecular-dynamics.ts";
import { guard, is } from "../util/index.ts";

/** Result of one update. */
export interface StepResult {
  /** Number of the trajectory (or sweep), counted from 0. */
  readonly trajectory: number;
  readonly accepted: boolean;
  /** Violation of the Hamiltonian, H_new - H_old; absent where no Metropolis step is made. */
  readonly dH?: number;
}

/** One Markov chain update after the other, in place, of links or of fields by name (X). All its random numbers are functions of (seed, stream, trajectory). */
export interface Sampler<N extends number = number, R extends StepResult = StepResult, X = LinkField<N>> {
  readonly name: string;
  /** Number of the next trajectory; set it (with the fields of that time) to resume a chain with the same bits. */
  trajectory: number;
  /** Updates U in place; a rejected proposal leaves it as it was. */
  step(U: X): R;
}

/**
 * The distribution exp(-S): any `Action`, and, for actions with auxiliary fields (pseudofermions), a fresh draw of them from their
 * conditional distribution at the start of each trajectory.
 */
export interface Target<N extends number = number> extends Action<N>, Drawing<LinkField<N>> {}

/** The same of fields by name: what `fieldAction` and `scalarAction` make. X: the fields, F: their force. */
export interface FieldTarget<X = Configuration, F = unknown> extends Drawing<X> {
  readonly name: string;
  value(x: X): number;
  force(x: X, into?: F): F;
  /** As that of `Action`. */
  valueInto?(x: X, into: Field<ScalarType>): void;
}

/** How a target draws auxiliary fields. */
export interface Drawing<X> {
  /** Draws the auxiliary fields for this trajectory on the links (or fields) U. `random` is the chain's own stream. */
  refresh?(U: X, trajectory: number, random: RandomStream): void;
  /** What draws the auxiliary fields of a target that is made of several; absent where the target itself does. */
  readonly parts?: readonly RefreshedOn<X>[];
}

/** Auxiliary fields that are drawn together, with random numbers of their own. */
export interface RefreshedOn<X> {
  /** Number of these fields among those of a chain, where their maker chose one; different numbers draw different random numbers. */
  readonly index?: number | undefined;
  /** Declares that the draw does not look at the links: the noise of a guide that is a random function of them. */
  readonly independent?: true;
  /** Draws the fields on the links U. `index` numbers them where `this.index` does not. */
  refresh(U: X, trajectory: number, random: RandomStream, index?: number): void;
  /** How far the value of the action of these fields is from that of exact inner solves, on these links. */
  solveError?(U: X): number;
}

/** The same on links. */
export type Refreshed<N extends number = number> = RefreshedOn<LinkField<N>>;

/** Error of a target's value from its inner solves, with the fields as they are. */
export function solveErrorOf<X>(target: Drawing<X>, U: X): number {
  return partsOf(target).reduce((s, p) => s + (p.solveError?.(U) ?? 0), 0);
}

/**
 * Where molecular dynamics takes its force: any function of the links and of the target's auxiliary fields, which are drawn first. Fields of its own
 * are allowed when their draw is `independent` of the links: the proposal's density depends on the links otherwise, and nothing divides it out.
 */
export type Guide<N extends number = number> = Pick<Target<N>, "force" | "refresh" | "parts"> & Pick<Refreshed<N>, "independent">;

/** The same of fields by name. */
export type FieldGuide<X, F> = Pick<FieldTarget<X, F>, "force" | "refresh" | "parts"> & Pick<RefreshedOn<X>, "independent">;

/**
 * One recorded action as a target whose auxiliary fields are drawn by `parts`: gauge action and pseudofermions in one program,
 * `targetOf(gaugeAction.wilson({ beta }).plus(f.action), f)`. The parts and the action must share their fields. Fields without an index of their own are
 * numbered here, in order, so that no two of them draw the same random numbers.
 * @throws ConfigurationError for two parts with the same index.
 */
export function targetOf<N extends number>(action: Action<N>, ...parts: readonly Refreshed<N>[]): Target<N>;
export function targetOf<X, F>(action: FieldTarget<X, F>, ...parts: readonly RefreshedOn<X>[]): FieldTarget<X, F>;
export function targetOf<X, F>(action: FieldTarget<X, F>, ...parts: readonly RefreshedOn<X>[]): FieldTarget<X, F> {
  guard("targetOf", { action: [action, is.withMethods("an action (value, force)", "value", "force")], parts: [parts, is.listOf(is.withMethods("a part with refresh", "refresh"))] });
  return { name: action.name, value: (U) => action.value(U), force: (U, into) => action.force(U, into), ...drawnBy(parts) };
}

/** The parts, and a refresh that draws all of them with numbers of their own. @throws ConfigurationError for two parts with the same index. */
function drawnBy<X>(given: readonly RefreshedOn<X>[]): Required<Drawing<X>> {
  const parts = [...new Set(given)];
  const chosen = parts.flatMap((p) => (p.index === undefined ? [] : [p.index]));
  const twice = chosen.find((index, k) => chosen.indexOf(index) !== k);
  if (twice !== undefined) throw new ConfigurationError(`target: got two auxiliary fields with the index ${twice}, expected different ones: they would be drawn with the same random numbers; leave the index out, and they are numbered in order`);
  let next = 0;
  const numbers = parts.map(({ index }) => {
    if (index !== undefined) return index;
    while (chosen.includes(next)) next++;
    return next++;
  });
  return {
    parts,
    refresh: (U, trajectory, random) => parts.forEach((p, k) => p.refresh(U, trajectory, random, numbers[k])),
  };
}

/** What draws the fields of a target: its parts, or itself. */
const partsOf = <X>(target: Drawing<X>): readonly RefreshedOn<X>[] => target.parts ?? (target.refresh ? [target as RefreshedOn<X>] : []);

/**
 * Checks that a guide has no auxiliary fields but the target's. With phi drawn from exp(-phi^+ A[U]^{-1} phi) for the guide alone, the proposal has a
 * density that depends on U and that the Metropolis step does not know: the chain samples another distribution, <exp(-dH)> is not 1.
 * @throws ConfigurationError for fields of the guide's own, unless their draw is `independent` of the links.
 */
export function checkGuide<X, F>(target: FieldTarget<X, F>, guide: FieldGuide<X, F>): void {
  if (guide === target) return;
  const allowed = partsOf(target);
  if (partsOf(guide).every((p) => p.independent || allowed.includes(p))) return;
  const name = (guide as Partial<FieldTarget<X, F>>).name ?? "guide";
  throw new ConfigurationError(
    `hmc: the guide "${name}" draws auxiliary fields of its own on the links, which are not part of the target "${target.name}": the proposal then depends on the links in a way that the Metropolis step does not divide out, and the chain samples another distribution: share the target's field (f.action.with(...)), add the field to the target, or use a guide without pseudofermions`,
  );
}

/**
 * Sum of targets: values and forces add, every part refreshes its own fields, which are numbered as by `targetOf`.
 * @throws ConfigurationError for an empty list, or two parts with the same index.
 */
export function sumOfTargets<N extends number>(...parts: readonly Target<N>[]): Target<N> {
  guard("sumOfTargets", { parts: [parts, is.listOf(is.withMethods("a target (value, force)", "value", "force"))] });
  const [first, ...rest] = parts;
  if (!first) throw new ConfigurationError("sumOfTargets: got no target, expected at least one");
  let work: AlgebraField<N> | undefined;
  return {
    name: parts.map((p) => p.name).join(" + "),
    value: (U) => samplewise((...terms) => terms.reduce((s, x) => s + x, 0), ...parts.map((p) => p.value(U))),
    force: (U, into = new DirectionalField(U.lattice, U.N, "algebra")) => {
      const total = first.force(U, into);
      if (work?.lattice !== U.lattice || work.N !== U.N) work = outside(() => new DirectionalField(U.lattice, U.N, "algebra"));
      for (const p of rest) kick(total, p.force(U, work), -1);
      return total;
    },
    ...drawnBy(parts.flatMap((p) => partsOf(p))),
  };
}
