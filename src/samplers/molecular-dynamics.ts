/**
 * Molecular dynamics on group x algebra: momenta P = sum_a p^a T_a with K = (1/2) sum (P, P) = (1/2) sum_a p^a p^a,
 * dU/dtau = P U, dP/dtau = -F. Kicks, drifts and the kinetic energy are compiled plans that work in place.
 */
import { kind, type AlgebraField, type Algebras, DirectionalField, Field, type Lattice, type LinkField, type Links, type Plan, type Scalar, type ScalarType, broadcast, exp, mul, outside, pairing, record, scale, scaleBy, scalarType, sub, where } from "../autograd/index.ts";
import type { Action } from "../gauge/index.ts";
import { type Integrator, type IntegratorName, type TimeScale, schedule } from "./integrators.ts";
import { guard, is } from "../util/index.ts";

/** What moves the momenta: the force field of an action. */
export type Force<N extends number = number> = Pick<Action<N>, "force">;

/** A force on its own time scale. */
export interface Level<N extends number = number> extends TimeScale {
  readonly action: Force<N>;
}

/** A trajectory with one force. */
export interface TrajectoryOptions {
  readonly integrator: IntegratorName | Integrator;
  readonly steps: number;
  /** Trajectory length tau. */
  readonly length: number;
}

interface Moves {
  readonly kick: Plan<readonly unknown[], Algebras>;
  readonly drift: Plan<readonly unknown[], Links>;
  readonly kinetic: Plan<readonly unknown[], Scalar>;
}

/** U where a sample's number is not above zero, V where it is. */
const selections = new WeakMap<Lattice, Map<number, { readonly plan: Plan<readonly unknown[], Links>; readonly which: Field<ScalarType> }>>();

/** Copies samples of V to U. */
export function takeSamples<N extends number>(U: LinkField<N>, V: LinkField<N>, which: readonly boolean[]): void {
  let byN = selections.get(U.lattice);
  if (!byN) selections.set(U.lattice, (byN = new Map()));
  let selection = byN.get(U.N);
  if (!selection) {
    selection = outside(() => {
      const chosen = new Field(U.lattice, scalarType);
      const select = (u: Links, v: Links, s: Scalar): Links => u.map((mu) => where(broadcast(s), v[mu]!, u[mu]!));
      return { plan: record(select as never, U as never, V as never, chosen as never) as unknown as Plan<readonly unknown[], Links>, which: chosen };
    });
    byN.set(U.N, selection);
  }
  selection.which.set(Float64Array.from(which, Number));
  selection.plan.runInto(U as never, U, V, selection.which);
}

/** Compiled moves of each lattice and N; a lattice that is collected takes its plans with it. */
const compiled = new WeakMap<Lattice, Map<number, Moves>>();

function movesOn(P: AlgebraField): Moves {
  const { lattice, N } = P;
  let byN = compiled.get(lattice);
  if (!byN) compiled.set(lattice, (byN = new Map()));
  let moves = byN.get(N);
  if (!moves) {
    using U: LinkField = new DirectionalField(lattice, N, "links");
    moves = {
      kick: record((p: Algebras, f: Algebras, eps: Scalar) => p.map((mu) => sub(p[mu]!, scale(eps, f[mu]!))), P, P, 0) as Plan<readonly unknown[], Algebras>,
      drift: record((u: Links, p: Algebras, eps: Scalar) => u.map((mu) => mul(exp(scale(eps, p[mu]!)), u[mu]!)), U, P, 0) as Plan<readonly unknown[], Links>,
      kinetic: record((p: Algebras) => scaleBy(0.5, pairing(p, p)), P) as Plan<readonly unknown[], Scalar>,
    };
    byN.set(N, moves);
  }
  return moves;
}

/** P <- P - eps F, in place. */
export function kick<N extends number>(P: AlgebraField<N>, F: AlgebraField<N>, eps: number): void {
  guard("kick", { P: [P, kind.algebraField], F: [F, kind.algebraField], eps: [eps, is.finite] });
  movesOn(P).kick.runInto(P as AlgebraField, P, F, eps);
}

/** U <- exp(eps P) U, in place. */
export function drift<N extends number>(U: LinkField<N>, P: AlgebraField<N>, eps: number): void {
  guard("drift", { U: [U, kind.linkField], P: [P, kind.algebraField], eps: [eps, is.finite] });
  movesOn(P).drift.runInto(U as LinkField, U, P, eps);
}

/** K = (1/2) sum over links of (P, P), with (P, P) = -2 tr P^2 (U(1): -P^2). */
export function kineticEnergy<N extends number>(P: AlgebraField<N>): number {
  guard("kineticEnergy", { P: [P, kind.algebraField] });
  return movesOn(P).kinetic.run(P);
}

/**
 * Integrates U and P in place over the trajectory length, with one force or with forces on nested time scales (coarsest first).
 * @throws ConfigurationError for a length or steps out of range.
 */
export function integrate<N extends number>(action: Force<N>, U: LinkField<N>, P: AlgebraField<N>, options: TrajectoryOptions): void {
  guard("integrate", { action: [action, is.withMethods("an action or guide with a force", "force")], U: [U, kind.linkField], P: [P, kind.algebraField], options: [options, is.object] });
  integrateLevels([{ action, integrator: options.integrator, steps: options.steps }], U, P, options.length);
}

/** As `integrate`, for forces on nested time scales: levels from the coarsest to the finest (see `schedule`). */
export function integrateLevels<N extends number>(levels: readonly Level<N>[], U: LinkField<N>, P: AlgebraField<N>, length: number): void {
  guard("integrateLevels", { levels: [levels, is.listOf(is.object, 1)], U: [U, kind.linkField], P: [P, kind.algebraField], length: [length, is.positive] });
  const moves = integration(levels, U, P, length);
  while (!moves.next().done);
}

/** The moves of `integrateLevels` one by one, for callers that look up in between. */
export function* integration<N extends number>(levels: readonly Level<N>[], U: LinkField<N>, P: AlgebraField<N>, length: number): Generator<void, void, void> {
  const F: AlgebraField<N> = new DirectionalField(U.lattice, U.N, "algebra");
  try {
    for (const move of schedule(levels, length)) {
      if (move.kind === "drift") drift(U, P, move.time);
      else kick(P, levels[move.level]!.action.force(U, F), move.time);
      yield;
    }
  } finally {
    F.dispose();
  }
}
