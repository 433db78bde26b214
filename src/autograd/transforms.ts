/**
 * Derivatives of recorded functions: grad, valueAndGrad, vjp, jvp, hvp, checkpoint. Called on traced values they record into the
 * current program (so they nest); called on fields and numbers they record once per geometry and replay a plan.
 *
 * A link's tangent is an algebra field: dU = X U. The gradient of a real S on links is the force field
 * F = sum_a T_a d/ds S(exp(s T_a) U), that is F = -(1/2) TA(U G^+) for N >= 2 and -TA(U G^+) for N = 1 (G: raw cotangent), with the
 * scalar product (X, Y) = -2 tr(X Y), for N = 1 -X Y. The gradient on unit spins lies in their tangent planes.
 */
import { RecordingError } from "../errors.ts";
import { pullback, pullbackAll } from "./backward.ts";
import { add, scaleBy, sub } from "./ops/combine.ts";
import { number } from "./ops/constants.ts";
import { dot } from "./ops/dot.ts";
import { extend } from "./ops/domain.ts";
import { alias } from "./ops/flow.ts";
import { mul } from "./ops/mul.ts";
import { adj } from "./ops/adj.ts";
import { tangent } from "./ops/normalise.ts";
import { scale } from "./ops/scale.ts";
import { batchSum } from "./ops/samples.ts";
import { sum } from "./ops/sum.ts";
import { ta } from "./ops/ta.ts";
import { tensorSum } from "./ops/tensors.ts";
import { Plan } from "./plan.ts";
import { returnedScalar } from "./returned.ts";
import type { Matrix, Real, Scalar, Spin, Tape, Traced, TracedTensor } from "./tape.ts";
import { type ArgumentOf, type ConcreteOf, Directional, type TangentOf, holdsTraced, leaves, leavesLike, rebuild } from "./tree.ts";
import { type ValueType, domainOf, isShared } from "./types.ts";
import { guard, is, leavesOf } from "../util/index.ts";

/** Norm of the algebra: (X, Y) = metric(N) Re tr(X^+ Y). */
export const metric = (N: number): number => (N === 1 ? 1 : 2);

/** Gives every leaf a fresh name, so that only the explicit dependence counts. */
function named<X>(x: X): X {
  return rebuild(x, nextOf(leaves(x).map((v) => alias(v)))) as X;
}

function nextOf(values: readonly Traced[]): () => Traced {
  let k = 0;
  return () => values[k++]!;
}

/** Cotangents of structured arguments as tangent-space values; zero where there is no dependence. */
function tangents(x: unknown, raw: readonly (Traced | undefined)[]): Traced[] {
  const links = linkLeaves(x);
  return leaves(x).map((v, k) => {
    const G = raw[k];
    const t = v.type as ValueType;
    if (links[k] === "links") {
      const U = v as Matrix;
      return G ? scaleBy(-1 / metric(U.type.N), ta(mul(U, adj(G as Matrix)))) : scaleBy(0, ta(mul(U, adj(U))));
    }
    const ct = G ?? scaleBy(0, v);
    if (links[k] === "algebra") return scaleBy(1 / metric((v as Matrix).type.N), ta(ct as Matrix));
    return onTangent(v, domainOf(ct.type) !== domainOf(t) ? extend(ct) : ct);
  });
}

/** Raw cotangents of a structure from values paired with `pairing`: algebra fields carry the metric of their scalar product. */
function dual(y: unknown, w: readonly Traced[]): Traced[] {
  const kinds = linkLeaves(y);
  return w.map((x, k) => (kinds[k] === "algebra" ? scaleBy(metric((x as Matrix).type.N), x) : x));
}

/** The cotangent of an algebra field or of unit spins is determined up to directions orthogonal to the algebra or the tangent plane: take none. */
function onTangent(v: Traced, ct: Traced): Traced {
  if (v.type.kind === "spin" && v.type.unit) return tangent(v as Spin, ct as Spin);
  return v.type.kind === "matrix" && v.type.algebra ? ta(ct as Matrix) : ct;
}

/** For every leaf: is it a link, an algebra component, or neither. */
function linkLeaves(x: unknown): ("links" | "algebra" | "plain")[] {
  return leavesOf(x).flatMap(({ value }) => (value instanceof Directional ? value.values().map(() => value.role as "links" | "algebra") : ["plain" as const]));
}

/** Pairing of two tangents: a scalar, sum over all leaves (algebra: (X, Y); fields: Re tr(X^+ Y); scalars: product). */
export function pairing(x: unknown, y: unknown): Scalar {
  guard("pairing", { x: [x, is.present], y: [y, is.present] });
  const [a, b] = [leaves(x, "pairing"), leavesLike("pairing", x, y)];
  if (a.length === 0) throw new RecordingError("pairing: got no traced values, expected two structures of the same kind with at least one");
  const kinds = linkLeaves(x);
  const terms = a.map((v, k) => {
    const p = v.type.kind === "tensor" ? tensorSum(scale(v as TracedTensor, b[k]! as TracedTensor)) : v.type.kind === "scalar" ? scale(v as Scalar, b[k]! as Scalar) : sum(dot(v as Real, b[k]! as Real));
    return kinds[k] === "plain" ? p : scaleBy(metric((v as Matrix).type.N), p);
  });
  // what the samples of a batch share is counted once
  const [all, each] = [true, false].map((shared) => terms.filter((t) => isShared(t.type) === shared)) as [Scalar[], Scalar[]];
  const list = all.length === 0 || each.length === 0 ? terms : [batchSum(each.length === 1 ? each[0]! : add(each[0]!, ...each.slice(1))), ...all];
  return add(list[0]!, ...list.slice(1));
}

type Fn<X, R extends readonly unknown[], Y> = (x: X, ...rest: R) => Y;

/** Records value and gradient on traced arguments. */
function tracedValueAndGrad<X, R extends readonly unknown[]>(f: Fn<X, R, Scalar>, x: X, rest: R): { value: Scalar; grad: TangentOf<X> } {
  const fresh = named(x);
  const value = returnedScalar("grad", f(fresh, ...rest));
  const raw = pullback(value, number(value.tape, 1), leaves(fresh));
  const grad = rebuild(fresh, nextOf(tangents(fresh, raw)), true) as TangentOf<X>;
  return { value, grad };
}

/** Tape of any traced structure. */
function tapeOf(x: unknown): Tape {
  return leaves(x)[0]!.tape;
}

/** A function that records when called with traced values and replays a cached plan when called with fields and numbers. */
export interface Transformed<A extends readonly unknown[], Y> {
  (...args: A): Y;
  (...args: { -readonly [K in keyof A]: ArgumentOf<A[K]> }): ConcreteOf<Y>;
  /**
   * As a call with fields and numbers, with the result written into the given fields, as `Plan.runInto` does; they may be those of an argument.
   * @throws RecordingError for fields of another structure, and while recording.
   */
  runInto(into: ConcreteOf<Y>, ...args: { -readonly [K in keyof A]: ArgumentOf<A[K]> }): void;
}

/** What `replayable` returns, untyped. */
export interface Replayable {
  (...args: unknown[]): unknown;
  /** Writes the result into given fields instead of new ones. */
  runInto(into: unknown, ...args: unknown[]): void;
}

/** Wraps a recording function so that concrete arguments run through a plan, recorded once per geometry and types. */
export function replayable<A extends unknown[], Y>(record: (...args: A) => Y): Replayable {
  guard("replayable", { record: [record, is.callable] });
  const plans = new WeakMap<object, Map<string, Plan<unknown[], unknown>>>();
  const planOf = (args: unknown[]): Plan<unknown[], unknown> => {
    const { lattice, key } = Plan.signature(args);
    let byKey = plans.get(lattice);
    if (!byKey) plans.set(lattice, (byKey = new Map()));
    let plan = byKey.get(key);
    if (!plan) byKey.set(key, (plan = new Plan(record as (...a: unknown[]) => unknown, args)));
    return plan;
  };
  const call = (...args: unknown[]): unknown => (args.some(holdsTraced) ? record(...(args as A)) : planOf(args).fresh(...args));
  const runInto = (into: unknown, ...args: unknown[]): void => {
    if (args.some(holdsTraced)) throw new RecordingError("runInto: got traced values, expected fields and numbers: call the function itself while recording");
    planOf(args).runInto(into as never, ...args);
  };
  return Object.assign(call, { runInto });
}

/** Gradient of a scalar function with respect to its first argument. Links give the force field. */
export function grad<X, R extends readonly unknown[]>(f: Fn<X, R, Scalar>): Transformed<[X, ...R], TangentOf<X>> {
  guard("grad", { f: [f, is.callable] });
  return replayable((x: X, ...rest: R) => tracedValueAndGrad(f, x, rest).grad) as Transformed<[X, ...R], TangentOf<X>>;
}

/** Value and gradient with respect to the first argument, from one pass. */
export function valueAndGrad<X, R extends readonly unknown[]>(f: Fn<X, R, Scalar>): Transformed<[X, ...R], { value: Scalar; grad: TangentOf<X> }> {
  guard("valueAndGrad", { f: [f, is.callable] });
  return replayable((x: X, ...rest: R) => tracedValueAndGrad(f, x, rest)) as Transformed<[X, ...R], { value: Scalar; grad: TangentOf<X> }>;
}

/**
 * Vector-Jacobian product: vjp(f)(x, w) gives the gradient of pairing(w, f(x)) with respect to x. w has the type of f(x); where f
 * returns links, w is a raw cotangent of link type.
 */
export function vjp<X, Y>(f: (x: X) => Y): Transformed<[x: X, w: Y], TangentOf<X>> {
  guard("vjp", { f: [f, is.callable] });
  return replayable((x: X, w: Y) => {
    const fresh = named(x);
    const y = f(fresh);
    const raw = pullbackAll(leaves(y), dual(y, leavesLike("vjp", y, w)), leaves(fresh));
    return rebuild(fresh, nextOf(tangents(fresh, raw)), true) as TangentOf<X>;
  }) as Transformed<[x: X, w: Y], TangentOf<X>>;
}

/**
 * Jacobian-vector product: the derivative of f at x along the tangent v (links: d/ds f(exp(s v) U)), by transposing the vjp, which
 * is linear in its cotangent.
 */
export function jvp<X, Y>(f: (x: X) => Y): Transformed<[x: X, v: TangentOf<X>], Y> {
  guard("jvp", { f: [f, is.callable] });
  return replayable((x: X, v: TangentOf<X>) => {
    const y = f(x);
    const w = leaves(y).map((u) => alias(u));
    const back = vjp(f)(x, rebuild(y, nextOf(w)) as Y) as TangentOf<X>;
    const p = pairing(back, v);
    const raw = pullback(p, number(tapeOf(x), 1), w);
    const kinds = linkLeaves(y);
    const values = leaves(y).map((u, k) => {
      const d = onTangent(u, raw[k] ?? scaleBy(0, u));
      return kinds[k] === "algebra" ? scaleBy(1 / metric((u as Matrix).type.N), d) : d;
    });
    return rebuild(y, nextOf(values)) as Y;
  }) as Transformed<[x: X, v: TangentOf<X>], Y>;
}

/**
 * Derivative of the gradient along v: hvp(S)(U, v) = d/ds F(exp(s v) U) at s = 0. On links the left derivatives do not commute:
 * d_v F = grad (F, v) + [v, F]; the commutator is included, so the result is the directional derivative itself.
 */
export function hvp<X, R extends readonly unknown[]>(f: Fn<X, R, Scalar>): Transformed<[x: X, v: TangentOf<X>, ...rest: R], TangentOf<X>> {
  guard("hvp", { f: [f, is.callable] });
  return replayable((x: X, v: TangentOf<X>, ...rest: R) => {
    let force: unknown;
    const second = tracedValueAndGrad((y: X) => pairing((force = tracedValueAndGrad(f, y, rest).grad), v), x, [] as const).grad;
    const kinds = linkLeaves(x);
    const [F, V] = [leaves(force), leavesLike("hvp", force, v)];
    const values = leaves(second).map((s, k) => {
      if (kinds[k] !== "links") return s;
      const [a, b] = [V[k] as Matrix, F[k] as Matrix];
      return ta(add(s as Matrix, sub(mul(a, b), mul(b, a))));
    });
    return rebuild(second, nextOf(values)) as TangentOf<X>;
  }) as Transformed<[x: X, v: TangentOf<X>, ...rest: R], TangentOf<X>>;
}

/** f, with its intermediate fields recomputed in the reverse pass instead of kept. Same values and derivatives, less memory. */
export function checkpoint<X, R extends readonly unknown[], Y>(f: Fn<X, R, Y>): Fn<X, R, Y> {
  guard("checkpoint", { f: [f, is.callable] });
  return (x: X, ...rest: R) => tapeOf(x).inRegion(() => f(x, ...rest));
}

