/**
 * Selection, site by site. keep(m, x): x where m > 0, zero elsewhere. where(m, x, y): x where m > 0, y elsewhere (also where m is not a
 * number). The value that is not taken is not read: no arithmetic is done with it, so that infinities and NaN in it stay where they are.
 * Rules: x' = keep(m, c'), y' = keep(not m, c'); m is piecewise constant and gets no cotangent. The reverse pass remembers outside of
 * which sites such a cotangent vanishes (backward.ts), so that 0 * NaN does not arise further up either.
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import type { Matrix, Real, Scalar, Traced } from "../tape.ts";
import { type SiteType, type ValueType, complexType, components, realType, sameType, scalarType, siteMatrixType, spinType, typeText, vectorType, isQuaternion } from "../types.ts";
import { add, sub } from "./combine.ts";
import { constantReal, number } from "./constants.ts";
import { jointDomain } from "./domain.ts";
import { scale } from "./scale.ts";
import { broadcast } from "./sum.ts";
import { log, square, step } from "./unary.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** Type of a selection among values of one kind. */
function selected(op: string, condition: ValueType, types: readonly ValueType[], text: (t: ValueType) => string): ValueType {
  const first = types[0]!;
  if (condition.kind !== "real") throw new CovarianceError(`${op}: got the condition ${text(condition)}, expected a real site scalar`);
  if (first.kind === "scalar" || first.kind === "tensor") throw new CovarianceError(`${op}: got ${types.map(text).join(" and ")}, expected site fields: broadcast the scalar`);
  const domain = jointDomain(op, condition, ...types);
  if (first.kind === "matrix") return { ...first, domain, algebra: types.every((t) => t.kind === "matrix" && t.algebra) };
  return first.kind === "spin" ? { ...first, domain, unit: false } : { ...first, domain };
}

export const keepOp: Op = {
  name: "keep",
  quaternion: ([, x]) => isQuaternion(x!),
  infer: ([m, x], _attributes, lattice) => selected("mask", m!, [x!], (t) => typeText(lattice, t)),
  simplify: (tape, [m, x]) => {
    const n = tape.node(x!.id);
    return n.op === keepOp && n.inputs[0] === m!.id ? x : undefined;
  },
  vjp: ({ inputs: [m], cotangent, needs }) => [undefined, needs[1] ? keep(m as Real, cotangent as Traced<SiteType>) : undefined],
  site: (b, [m, x], _attributes, types) => Array.from({ length: components(types[1]!) }, (_, i) => b.positive(m!(0), x!(i), b.constant(0))),
  cost: ([, x]) => components(x!),
};

export const keepSamples: Samples = (lattice, N) => [
  { label: "matrix", inputs: [siteMatrixType(lattice, N)], apply: ([x]) => mask(x as Matrix, "sample", (c) => c[0]! % 2 === 0) },
  // zero times minus infinity at the sites that are not kept, in the value and in the cotangents of x and s
  { label: "infinite elsewhere", inputs: [realType(), scalarType], apply: ([x, s]) => even(scale(s as Scalar, log(even(square(x as Real), 0.5)))) },
];

export const whereOp: Op = {
  name: "where",
  quaternion: ([, x, y]) => isQuaternion(x!) && isQuaternion(y!),
  infer([m, x, y], _attributes, lattice) {
    const [p, q] = [x!, y!].map((t) => (t.kind === "scalar" ? t : { ...t, domain: "all" as const }));
    if (!sameType(lattice, p!, q!)) throw new CovarianceError(`where: got ${typeText(lattice, x!)} and ${typeText(lattice, y!)}, expected two values of the same kind, N and end points: shift or transport one of them`);
    return selected("where", m!, [x!, y!], (t) => typeText(lattice, t));
  },
  vjp: ({ inputs: [m], cotangent: c, needs }) => [
    undefined,
    needs[1] ? keep(m as Real, c as Traced<SiteType>) : undefined,
    needs[2] ? keep(not(m as Real), c as Traced<SiteType>) : undefined,
  ],
  site: (b, [m, x, y], _attributes, types) => Array.from({ length: components(types[1]!) }, (_, i) => b.positive(m!(0), x!(i), y!(i))),
  cost: ([, x]) => components(x!),
};

export const whereSamples: Samples = (lattice, N) => [siteMatrixType(lattice, N), vectorType(lattice, N), complexType(), spinType()].map((t) => ({
  label: `${t.kind} fields`, inputs: [realType(), t, t], apply: ([m, x, y]) => where(m as Real, x as Traced<SiteType>, y as Traced<SiteType>),
}));

/** For the samples: x + offset at even first coordinates, zero elsewhere. */
const even = (x: Real, offset = 0): Real => mask(offset === 0 ? x : add(x, constantReal(x.tape, "offset", () => offset)), "even first coordinate", (c) => c[0]! % 2 === 0);

/** 1 where a condition does not hold: where it is not above zero, or not a number. */
const not = (m: Real): Real => sub(broadcast(number(m.tape, 1), m.type.domain), step(m));

/** x where m > 0, zero elsewhere. @throws CovarianceError when m is not a real site scalar, or x is a scalar. */
export function keep<T extends SiteType>(m: Real, x: Traced<T>): Traced<T> {
  return applyOp("keep", keepOp, [m, x]) as Traced<T>;
}

/** Where one of two conditions holds. */
export const either = (a: Real, b: Real): Real => (a.id === b.id ? a : add(step(a), step(b)));

/**
 * a where condition > 0, b elsewhere (also where the condition is not a number), for fields of one kind. What is not taken is not read: an
 * infinity or NaN in it reaches neither the value nor a gradient. The condition is piecewise constant, so no derivative flows through it:
 * the derivative of the jump at its zeros is not seen.
 * @throws CovarianceError when kinds or end points of a and b differ.
 */
export function where<T extends SiteType>(condition: Real, a: Traced<T>, b: Traced<NoInfer<T>>): Traced<T> {
  return applyOp("where", whereOp, [condition, a, b]) as Traced<T>;
}

/**
 * x at the sites where `holds` is true, zero elsewhere, whatever x is there. The name is a label for listings: a mask is identified by its
 * sites.
 * @throws CovarianceError for a scalar.
 */
export function mask<T extends SiteType>(x: Traced<T>, name: string, holds: (coordinates: readonly number[]) => boolean): Traced<T> {
  guard("mask", { x: [x, kind.traced], name: [name, is.text], holds: [holds, is.callable] });
  const { lattice } = x;
  return keep(constantReal(x.tape, `mask(${name})`, (n) => (holds(lattice.coordinates(n)) ? 1 : 0)), x);
}
