/**
 * Flows along the gradient of S~_t = sum_k c_k(t) W_k as maps with exact log det: Euler steps of the links of one direction and colour after the other,
 *   U' = exp(-eps dS~_t) U on the active links,
 * which see no other active link, so that the Jacobian is block diagonal. A block is that of a stout step with M = -eps G U^+/2 (N = 1: -eps G U^+), G the raw cotangent of S~,
 * and with the second derivatives of what is quadratic in the active link. With D the sum of its plaquettes P these are
 *   crossed Re tr D^2 + pair Re (tr D)^2 + antipair |tr D|^2 + sum_P [(double - crossed) Re tr P^2 + (square - pair) Re (tr P)^2 + (modulus - antipair) |tr P|^2]:
 * a plaquette with itself is in the sums over pairs at each of its four links, and taken out four times. What is quadratic and does not depend on the link, D D^+ at its own
 * place and P P^+ at three others, is in G U^+ and leaves it. Odd steps go through the half steps backwards.
 */
import {
  type AlgebraField, type Algebras, type Channels, Field, type Lattice, type LinkField, type Links, type Matrix, Plan, type Real, type Scalar, add, adj, adjointForm, batchSum, constantReal, detach, dot, exp,
  grad, metric, mul, outside, realType, scale, scaleBy, sub, sum, ta, unit, updateLogDet,
} from "../autograd/index.ts";
import { PerLattice, staple } from "../gauge/index.ts";
import { Bijection, type Image } from "./bijection.ts";
import { coloursOf } from "./colours.ts";
import { inverter, replaced } from "./half-step.ts";
import { type OperatorName, operatorValues } from "./loop-operators.ts";

/** Coefficients of S~ at one time. */
export type TracedAction = { readonly [name in OperatorName]?: Scalar };

/** The links that move together. */
export interface ColourStep {
  readonly mu: number;
  readonly colour: number;
}

/** S~ on traced links. */
export function actionOf(U: Links, c: TracedAction): Scalar {
  const W = operatorValues(U);
  const terms = (Object.entries(c) as [OperatorName, Scalar][]).map(([name, x]) => scale(x, W[name]));
  return add(terms[0]!, ...terms.slice(1));
}

/** Half steps of step number k of a flow in their order. */
export function colourSteps(lattice: Lattice, k: number): ColourStep[] {
  const all = lattice.extents.flatMap((_, mu) => Array.from({ length: coloursOf(lattice, mu).count }, (__, colour) => ({ mu, colour })));
  return k % 2 === 0 ? all : all.toReversed();
}

/** Derivative of -dS~ at fixed gradient: forms of D and of the plaquettes. */
function quadraticPart(D: Matrix, plaquettes: readonly Matrix[], c: TracedAction): Channels | undefined {
  const twice = (...terms: readonly (readonly [sign: number, x: Scalar | undefined])[]): Scalar | undefined => {
    const known = terms.flatMap(([sign, x]) => (x ? [scaleBy(-2 * sign, x)] : []));
    return known.length === 0 ? undefined : add(known[0]!, ...known.slice(1));
  };
  const form = (B: Matrix, twist: Scalar | undefined, square: Scalar | undefined, modulus: Scalar | undefined): Channels[] =>
    twist || square || modulus ? [adjointForm(B, { ...(twist && { twist }), ...(square && { square }), ...(modulus && { modulus }) })] : [];
  const all = [
    ...form(D, twice([1, c.crossed]), twice([1, c.pair]), twice([1, c.antipair])),
    ...plaquettes.flatMap((P) => form(P, twice([1, c.double], [-1, c.crossed]), twice([1, c.square], [-1, c.pair]), twice([1, c.modulus], [-1, c.antipair]))),
  ];
  return all.length === 0 ? undefined : add(all[0]!, ...all.slice(1));
}

/** Moves the links along mu where `active` is 1 and not 0; the coefficients are multiplied by the step in time. */
export function activeStep(U: Links, mu: number, active: Real, c: TracedAction): Image {
  const { lattice } = U;
  const link = U[mu]!;
  const G = grad((x: Matrix) => actionOf(replaced(U, mu, x), c))(link) as Matrix;
  const plaquettes = lattice.extents.flatMap((_, nu) => (nu === mu ? [] : ([1, -1] as const).map((sign) => mul(link, adj(staple(U, mu, nu, sign))))));
  const D = add(plaquettes[0]!, ...plaquettes.slice(1));
  let gradient = mul(G, adj(link));
  if (c.bent) gradient = sub(gradient, scale(c.bent, add(scaleBy(2, mul(D, adj(D))), scaleBy(12 * (lattice.dim - 1), unit(link.tape, U.N)))));
  const M = scale(active, scaleBy(-1 / metric(U.N), gradient));
  const form = quadraticPart(D, plaquettes, c);
  return { links: replaced(U, mu, mul(exp(ta(M)), link)), logDet: sum(updateLogDet(M, form && scale(active, form))) };
}

/** 1 on the links of a colour. */
function activeOn(lattice: Lattice, { mu, colour }: ColourStep): (n: number) => number {
  const { of } = coloursOf(lattice, mu);
  return (n) => (of[n % lattice.volume] === colour ? 1 : 0);
}

/** One half step in a recording. */
export function colourStep(U: Links, half: ColourStep, c: TracedAction): Image {
  return activeStep(U, half.mu, constantReal(U[0]!.tape, `links ${half.mu} of colour ${half.colour}`, activeOn(U.lattice, half)), c);
}

type Coefficients = { readonly [name in OperatorName]?: number };
type HalfPlan = Plan<readonly unknown[], { links: Links; logDet: Scalar }>;
type BackPlan = Plan<readonly unknown[], { V: Algebras; c: TracedAction }>;

/** Half steps on fields: one recording for the links of a direction, whatever their colour, the time and the coefficients. */
export class ColourPlans {
  readonly #forward = new Map<number, PerLattice<HalfPlan>>();
  readonly #back = new Map<number, PerLattice<BackPlan>>();
  readonly #inverses = new Map<number, ReturnType<typeof inverter>>();
  readonly #active = new WeakMap<Lattice, Map<string, Field>>();

  /** The field of ones and zeros. */
  #mask(lattice: Lattice, half: ColourStep): Field {
    let all = this.#active.get(lattice);
    if (!all) this.#active.set(lattice, (all = new Map()));
    const key = `${half.mu} ${half.colour}`;
    const found = all.get(key) ?? outside(() => new Field(lattice, realType()).set(Float64Array.from({ length: lattice.volume * lattice.batch }, (_, n) => activeOn(lattice, half)(n))) as Field);
    all.set(key, found);
    return found;
  }

  /** Moves V in place; the log det, on a batch of every sample. */
  move(V: LinkField, half: ColourStep, c: Coefficients): number {
    const active = this.#mask(V.lattice, half);
    const plan = planOf(this.#forward, half.mu, V, () => new Plan(((U: Links, a: Real, now: TracedAction) => activeStep(U, half.mu, a, now)) as never, [V, active, c]) as HalfPlan);
    const { links, logDet } = plan.run(V, active, c) as unknown as { links: LinkField; logDet: number };
    V.copyFrom(links);
    return logDet;
  }

  /** The links that a half step moves to U. */
  inverse(U: LinkField, half: ColourStep, c: Coefficients): LinkField {
    let invert = this.#inverses.get(half.mu);
    if (!invert) this.#inverses.set(half.mu, (invert = inverter("action flow", half.mu, (V, w) => activeStep(V, half.mu, (w as { a: Real }).a, (w as { now: TracedAction }).now))));
    return invert(U, { a: this.#mask(U.lattice, half), now: c });
  }

  /**
   * Back through a half step from V: what A, the gradient with respect to its image, and that of minus its log det make with respect to V (A is overwritten) and to the coefficients.
   * The raw cotangent of links with the gradient A is metric A U.
   */
  back(V: LinkField, half: ColourStep, c: Coefficients, A: AlgebraField): Coefficients {
    const active = this.#mask(V.lattice, half);
    const plan = planOf(this.#back, half.mu, V, () => new Plan(((U: Links, a: Real, now: TracedAction, B: Algebras) => grad((q: { V: Links; c: TracedAction }) => {
      const { links, logDet } = activeStep(q.V, half.mu, a, q.c);
      const terms = links.values().map((link, nu) => sum(dot(detach(scaleBy(metric(link.type.N), mul(B[nu]!, link))), link)));
      return sub(batchSum(add(terms[0]!, ...terms.slice(1))), batchSum(logDet));
    })({ V: U, c: now })) as never, [V, active, c, A]) as BackPlan);
    const found = plan.run(V, active, c, A) as unknown as { V: AlgebraField; c: Coefficients };
    A.copyFrom(found.V);
    return found.c;
  }
}

function planOf<P>(plans: Map<number, PerLattice<P>>, mu: number, V: LinkField, make: () => P): P {
  let all = plans.get(mu);
  if (!all) plans.set(mu, (all = new PerLattice<P>()));
  return all.get(V, make);
}

/** A half step by itself; its parameters are the coefficients at its time, multiplied by the step. */
export function colourMap(half: ColourStep, coefficients: Coefficients, plans: ColourPlans): Bijection<number, Coefficients> {
  const step = (V: Links, c: unknown): Image => colourStep(V, half, c as TracedAction);
  const evaluate = (V: LinkField, c: Coefficients): { readonly links: LinkField; readonly logDet: number } => {
    const links = V.clone();
    return { links, logDet: plans.move(links, half, c) };
  };
  return new Bijection<number, Coefficients>(`direction ${half.mu}, colour ${half.colour}`, coefficients, step as never, { invert: (U, c) => plans.inverse(U, half, c), evaluate });
}
