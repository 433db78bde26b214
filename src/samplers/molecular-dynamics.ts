/**
 * Molecular dynamics. Links have momenta P = sum_a p^a T_a with K = (1/2) sum (P, P) = (1/2) sum_a p^a p^a, dU/dtau = P U, dP/dtau = -F; other fields x have
 * dx/dtau = p, dp/dtau = -dS/dx (see `Movable`). Kicks, drifts and the kinetic energy are compiled plans that work in place.
 */
import { kind, type AlgebraField, type Algebras, Directional, DirectionalField, Field, type LinkField, type Matrix, Plan, type Real, type Scalar, type ScalarType, add, broadcast, dot, exp, metric, mul, pairing, scale, scaleBy, scalarType, sub, sum, totalOf, where } from "../autograd/index.ts";
import { NaNError } from "../errors.ts";
import { type Action, PerStructure } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";
import { type Integrator, type IntegratorName, type Move, type TimeScale, schedule } from "./integrators.ts";
import { type Masses, type Momenta, type Movable, disposeOf, latticeOf, momentaLike, movable } from "./movable.ts";

/** What moves the momenta: the force field of an action. */
export type Force<N extends number = number> = Pick<Action<N>, "force">;

/** The same of any fields. */
export interface ForceOn<X, F> {
  force(x: X, into?: F): F;
}

/** A force on its own time scale. */
export interface Level<N extends number = number, X = LinkField<N>, F = AlgebraField<N>> extends TimeScale {
  readonly action: ForceOn<X, F>;
}

/** A trajectory with one force. */
export interface TrajectoryOptions {
  readonly integrator: IntegratorName | Integrator;
  readonly steps: number;
  /** Trajectory length tau. */
  readonly length: number;
}

type AnyPlan = Plan<readonly unknown[], never>;

interface Moves {
  readonly kick: AnyPlan;
  readonly drift: AnyPlan;
  readonly kinetic: Plan<readonly unknown[], Scalar>;
}

type TracedPart = Directional | Real;
type TracedParts = Directional | { readonly [name: string]: TracedPart };

/** f on the parts of structures of one kind; where they are named, the last argument has one number for each name. */
function onParts(f: (...parts: never[]) => TracedPart, xs: readonly unknown[]): unknown {
  const [first] = xs as readonly TracedParts[];
  if (first instanceof Directional) return f(...(xs as never[]));
  return Object.fromEntries(Object.keys(first!).map((name) => [name, f(...(xs.map((x) => (x as Record<string, unknown>)[name]) as never[]))]));
}

const kicked = (p: TracedPart, f: TracedPart, eps: Scalar): TracedPart => (p instanceof Directional ? p.map((mu) => sub(p[mu]!, scale(eps, (f as Algebras)[mu]!))) : sub(p, scale(eps, f as Real)));
const drifted = (x: TracedPart, p: TracedPart, eps: Scalar): TracedPart => (x instanceof Directional ? x.map((mu) => mul(exp(scale(eps, (p as Algebras)[mu]!)), x[mu]!)) : add(x, scale(eps, p as Real)));
const chosen = (x: TracedPart, y: TracedPart, s: Scalar): TracedPart => (x instanceof Directional ? x.map((mu) => where(broadcast(s), (y as Directional)[mu]!, x[mu]!)) : where(broadcast(s), y as Real, x));

/** (1/2) sum of the squares of all components; pairing has the metric of algebra fields with directions. */
function kineticOf(p: TracedParts): Scalar {
  if (p instanceof Directional) return scaleBy(0.5, pairing(p, p));
  const terms = Object.values(p).map((x) => scaleBy(x instanceof Directional || (x.type as { kind: string }).kind !== "matrix" ? 0.5 : 0.5 * metric((x as unknown as Matrix).type.N), pairing(x, x)));
  return add(terms[0]!, ...terms.slice(1));
}

/** Compiled moves of each kind of momenta; a lattice that is collected takes its plans with it. */
const compiled = new PerStructure<Moves>();

/** New fields that have these momenta. */
const movedBy = (P: Momenta): Movable => (P instanceof DirectionalField ? new DirectionalField(P.lattice, P.N as number, "links") : Object.fromEntries(Object.entries(P).map(([name, p]) => [name, p instanceof Field ? new Field(p.lattice, p.type) : (movedBy(p) as LinkField)])));

function movesOn(P: Momenta): Moves {
  return compiled.get(P, () => {
    const x = movedBy(P);
    const eps = timesFor(P, 0);
    const moves = {
      kick: new Plan(((...xs: unknown[]) => onParts(kicked as never, xs)) as never, [P, P, eps]) as AnyPlan,
      drift: new Plan(((...xs: unknown[]) => onParts(drifted as never, xs)) as never, [x, P, eps]) as AnyPlan,
      kinetic: new Plan(kineticOf as never, [P]) as Plan<readonly unknown[], Scalar>,
    };
    disposeOf(x);
    return moves;
  });
}

/** The time of every part: eps over the root of its mass. */
function timesFor(P: Momenta, eps: number, masses: Masses = {}): number | Record<string, number> {
  return P instanceof DirectionalField ? eps : Object.fromEntries(Object.keys(P).map((name) => [name, eps / Math.sqrt(masses[name] ?? 1)]));
}

/** Sum of the squares of all components of all fields. */
function squaresOf(x: TracedParts): Scalar {
  const parts: readonly TracedPart[] = x instanceof Directional ? [x] : Object.values(x);
  const [first, ...others] = parts.flatMap((y) => (y instanceof Directional ? y.values().map((u) => sum(dot(u, u))) : [sum(dot(y, y))]));
  return add(first!, ...others);
}

const squares = new PerStructure<Plan<readonly unknown[], Scalar>>();

/** @throws NaNError for fields that hold what is not finite: neither action nor force need see it. */
export function expectFinite(where: string, x: Movable): void {
  const total = totalOf(squares.get(x, () => new Plan(squaresOf as never, [x])).run(x));
  if (!Number.isFinite(total)) throw new NaNError(`${where}: got a configuration with NaN or an infinite number in it, expected finite numbers: check where it comes from`);
}

/** x where a sample's number is not above zero, y where it is. */
const selections = new PerStructure<{ readonly plan: AnyPlan; readonly which: Field<ScalarType> }>();

/** Copies samples of y to x. */
export function takeSamples<X>(x: X, y: X, which: readonly boolean[]): void {
  const { plan, which: chosenOnes } = selections.get(x as object, () => {
    const numbers = new Field(latticeOf(x as Movable), scalarType);
    const select = (u: TracedParts, v: TracedParts, s: Scalar): unknown => (u instanceof Directional ? chosen(u, v as Directional, s) : onParts(((a: TracedPart, b: TracedPart) => chosen(a, b, s)) as never, [u, v]));
    return { plan: new Plan(select as never, [x, y, numbers] as readonly unknown[]) as AnyPlan, which: numbers };
  });
  chosenOnes.set(Float64Array.from(which, Number));
  plan.runInto(x as never, x, y, chosenOnes);
}

const momenta = { ...kind.algebraField, text: `${kind.algebraField.text}, or momenta by the names of fields`, holds: (x: unknown) => kind.algebraField.holds(x) || (is.object.holds(x) && !(x instanceof DirectionalField) && !(x instanceof Field)) };

/** P <- P - eps F, in place. */
export function kick<F extends Momenta>(P: F, force: NoInfer<F>, eps: number, masses?: Masses): void {
  guard("kick", { P: [P, momenta], F: [force, momenta], eps: [eps, is.finite] });
  movesOn(P).kick.runInto(P as never, P, force, timesFor(P, eps, masses));
}

/** U <- exp(eps P) U for links, x <- x + eps P for other fields, in place. */
export function drift<F extends Momenta>(x: Movable, P: F, eps: number, masses?: Masses): void {
  guard("drift", { U: [x, movable], P: [P, momenta], eps: [eps, is.finite] });
  movesOn(P).drift.runInto(x as never, x, P, timesFor(P, eps, masses));
}

/** K = (1/2) sum over links of (P, P), with (P, P) = -2 tr P^2 (U(1): -P^2), and half the squares of the components of other momenta. */
export function kineticEnergy(P: Momenta): number {
  guard("kineticEnergy", { P: [P, momenta] });
  return movesOn(P).kinetic.run(P);
}

/** K written into a scalar field, to be read later. */
export function kineticInto(P: Momenta, into: Field<ScalarType>): void {
  movesOn(P).kinetic.runInto(into as never, P);
}

/**
 * Integrates links (or fields by name) and momenta in place over the trajectory length, with one force or with forces on nested time scales (coarsest first).
 * @throws ConfigurationError for a length or steps out of range.
 */
export function integrate<X extends Movable, F extends Momenta>(action: ForceOn<X, F>, U: X, P: F, options: TrajectoryOptions): void {
  guard("integrate", { action: [action, is.withMethods("an action or guide with a force", "force")], U: [U, movable], P: [P, momenta], options: [options, is.keysOf("integrator", "steps", "length")] });
  integrateLevels([{ action, integrator: options.integrator, steps: options.steps }], U, P, options.length);
}

/** As `integrate`, for forces on nested time scales: levels from the coarsest to the finest (see `schedule`). */
export function integrateLevels<X extends Movable, F extends Momenta>(levels: readonly (TimeScale & { readonly action: ForceOn<X, F> })[], U: X, P: F, length: number): void {
  guard("integrateLevels", { levels: [levels, is.listOf(is.object, 1)], U: [U, movable], P: [P, momenta], length: [length, is.positive] });
  const forces = momentaLike(U) as F;
  try {
    const moves = integration(schedule(levels, length), levels, U, P, forces);
    while (!moves.next().done);
  } finally {
    disposeOf(forces);
  }
}

/** The moves of levels one by one, for callers that look up in between; forces go to F. */
export function* integration<X, F>(moves: readonly Move[], levels: readonly { readonly action: ForceOn<X, F> }[], x: X, P: F, F: F, masses?: Masses): Generator<void, void, void> {
  for (const move of moves) {
    if (move.kind === "drift") drift(x as Movable, P as Momenta, move.time, masses);
    else kick(P as Momenta, levels[move.level]!.action.force(x, F) as Momenta, move.time, masses);
    yield;
  }
}
