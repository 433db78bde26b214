/**
 * Inner products at a site. dot: Re tr(A^+ B), real; cdot: tr(A^+ B), complex (for vectors A^+ B, for scalars conj(a) b).
 * Rules: r = dot(A, B): A' = r' B, B' = r' A. z = cdot(A, B): A' = conj(z') B, B' = z' A.
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Lattice } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import { complexOps } from "../site.ts";
import type { Complex, Real, Scalar, Traced } from "../tape.ts";
import {
  type ChannelsType,
  type ComplexType,
  type MatrixType,
  type RealType,
  type ScalarType,
  type SpinType,
  type ValueType,
  type VectorType,
  channelsType,
  complexType,
  components,
  linkType,
  realType,
  isQuaternion,
  sameType,
  scalarType,
  spinType,
  typeText,
  vectorType,
} from "../types.ts";
import { adjOp, conj } from "./adj.ts";
import { factored } from "./factor.ts";
import { jointDomain } from "./domain.ts";
import { scale } from "./scale.ts";

function check(op: string, lattice: Lattice, a: ValueType, b: ValueType): void {
  const [x, y] = [a, b].map((t) => (t.kind === "scalar" ? t : { ...t, domain: "all" as const }));
  if (!sameType(lattice, x!, y!))
    throw new CovarianceError(`${op}: got ${typeText(lattice, a)} and ${typeText(lattice, b)}, expected two values of the same kind, N and end points, so that the product is gauge invariant: shift or transport one of them`);
}

export const dotOp: Op = {
  name: "dot",
  infer([a, b], _attributes, lattice) {
    check("dot", lattice, a!, b!);
    if (a!.kind === "tensor") throw new CovarianceError("dot: got two tensors, expected fields or scalars: take tensorSum(scale(a, b))");
    return a!.kind === "scalar" ? scalarType : realType(jointDomain("dot", a!, b!));
  },
  simplify(tape, [a, b]) {
    const [na, nb] = [tape.node(a!.id), tape.node(b!.id)];
    const outside = factored(tape, a!, (x) => dot(x as never, b as never)) ?? factored(tape, b!, (y) => dot(a as never, y as never));
    if (outside) return outside;
    if (na.op === adjOp && nb.op === adjOp) return dot(tape.traced(na.inputs[0]!) as never, tape.traced(nb.inputs[0]!) as never);
    if (a!.type.kind === "scalar" || a!.type.kind === "real") return scale(a as Real, b as Real);
    return undefined;
  },
  vjp: ({ inputs: [a, b], cotangent: r, needs }) => [
    needs[0] ? scale(r as Real, b as never) : undefined,
    needs[1] ? scale(r as Real, a as never) : undefined,
  ],
  site(b, [x, y], _attributes, types) {
    const twice = types.every(isQuaternion);
    const n = twice ? 4 : components(types[0]!);
    // four sums under way at once hide the latency of the additions
    const s = Array.from({ length: Math.min(4, n) }, (_, i) => b.mul(x!(i), y!(i)));
    for (let i = s.length; i < n; i++) s[i % 4] = b.fma(x!(i), y!(i), s[i % 4]!);
    while (s.length > 1) s.push(b.add(s.shift()!, s.shift()!));
    return twice ? [b.add(s[0]!, s[0]!)] : s;
  },
  cost: ([a]) => 2 * components(a!),
};

export const dotSamples: Samples = (lattice, N) => [
  { label: "links", inputs: [linkType(lattice, N, 1), linkType(lattice, N, 1)], apply: ([a, b]) => dot(a as Traced<MatrixType>, b as Traced<MatrixType>) },
  { label: "vectors", inputs: [vectorType(lattice, N), vectorType(lattice, N)], apply: ([a, b]) => dot(a as Traced<VectorType>, b as Traced<VectorType>) },
  { label: "spins", inputs: [spinType(), spinType()], apply: ([a, b]) => dot(a as Traced<SpinType>, b as Traced<SpinType>) },
  { label: "channels", inputs: [channelsType(5), channelsType(5)], apply: ([a, b]) => dot(a as Traced<ChannelsType>, b as Traced<ChannelsType>) },
  { label: "complex", inputs: [complexType(), complexType()], apply: ([a, b]) => dot(a as Traced<ComplexType>, b as Traced<ComplexType>) },
];

export const cdotOp: Op = {
  name: "cdot",
  infer([a, b], _attributes, lattice) {
    check("cdot", lattice, a!, b!);
    if (a!.kind === "scalar" || a!.kind === "real" || a!.kind === "spin" || a!.kind === "channels" || a!.kind === "tensor") throw new CovarianceError(`cdot: got ${a!.kind} values, expected complex ones: use dot`);
    return complexType(jointDomain("cdot", a!, b!));
  },
  vjp: ({ inputs: [a, b], cotangent: z, needs }) => [
    needs[0] ? scale(conj(z as Complex), b as never) : undefined,
    needs[1] ? scale(z as Complex, a as never) : undefined,
  ],
  site(b, [x, y], _attributes, types) {
    const c = complexOps(b);
    let s = c.mul(c.conj(c.of(x!, 0)), c.of(y!, 0));
    for (let i = 1; i < components(types[0]!) / 2; i++) s = c.fma(c.conj(c.of(x!, i)), c.of(y!, i), s);
    return c.flat([s]);
  },
  cost: ([a]) => 4 * components(a!),
};

export const cdotSamples: Samples = (lattice, N) => [
  { label: "links", inputs: [linkType(lattice, N, 1), linkType(lattice, N, 1)], apply: ([a, b]) => cdot(a as Traced<MatrixType>, b as Traced<MatrixType>) },
  { label: "vectors", inputs: [vectorType(lattice, N), vectorType(lattice, N)], apply: ([a, b]) => cdot(a as Traced<VectorType>, b as Traced<VectorType>) },
];

/** Re tr(a^+ b) at every site (vectors: Re a^+ b; real: a b). @throws CovarianceError when the product would not be invariant. */
export function dot(a: Scalar, b: Scalar): Scalar;
export function dot<T extends MatrixType | VectorType | SpinType | RealType | ComplexType | ChannelsType>(a: Traced<T>, b: Traced<NoInfer<T>>): Real;
export function dot(a: Traced<ValueType | ScalarType>, b: Traced): Traced {
  return applyOp("dot", dotOp, [a, b]);
}

/** tr(a^+ b) at every site (vectors: a^+ b). @throws CovarianceError when the product would not be invariant. */
export function cdot<T extends MatrixType | VectorType | ComplexType>(a: Traced<T>, b: Traced<NoInfer<T>>): Complex {
  return applyOp("cdot", cdotOp, [a, b]) as Complex;
}
