/** Arithmetic on the arrays of whole fields that several rules share. Fields of one type may stand one after the other along the axis of sites. */
import type { Attributes, ValueType } from "../../autograd/index.ts";
import { type Arrays, type DeviceArray, Numbers } from "../../backend/index.ts";
import type { Value } from "./layout.ts";
import type { FieldStore } from "./store.ts";

/** Work that reads arrays on the way. */
export type Steps<T> = Generator<DeviceArray, T, Float64Array>;

/** What a rule works with. */
export interface RuleContext {
  /** Arrays made here are given back after the rule, but for those of the result. */
  readonly b: Arrays;
  readonly store: FieldStore;
  /** Types of the operands as they are seen, and of the result. */
  readonly types: readonly ValueType[];
  readonly type: ValueType;
  readonly attributes: Attributes;
  /** Fields that stand one after the other. */
  readonly count: number;
  /** Operands of a product whose adjoint is meant. */
  readonly adjoint: readonly boolean[];
}

export type Rule = (c: RuleContext, inputs: readonly Value[]) => Value | Steps<Value>;

export const numbers = (x: Value | undefined): Numbers => x as Numbers;

/** f on what holds the numbers: real, packed, or both parts. */
export function parts({ store }: RuleContext, x: Numbers, f: (p: DeviceArray) => DeviceArray, bound = Infinity): Numbers {
  return store.hold(x).with(store.hold(x).parts.map(f), bound);
}

export function zip(c: RuleContext, name: "add" | "sub", x: Numbers, y: Numbers): Numbers {
  const [p, q] = [c.store.hold(x), c.store.hold(y)];
  return p.with(p.parts.map((a, k) => c.b.binary(name, a, q.parts[k]!)), x.bound + y.bound);
}

/** A fixed number times a field. */
export function times(c: RuleContext, factor: number, x: Numbers): Numbers {
  if (factor === 1) return x;
  const bound = Math.abs(factor) * x.bound;
  if (factor === -1) return parts(c, x, (p) => c.b.unary("neg", p), bound);
  const f = !x.real && c.store.formulation.packed ? c.b.complex!.number(factor) : c.b.number(factor);
  return parts(c, x, (p) => c.b.binary("mul", f, p), bound);
}

/** A real number at every site times a field. */
export function timesReal({ b, store }: RuleContext, r: DeviceArray, x: Numbers): Numbers {
  if (x.real) return Numbers.of(b, b.binary("mul", r, x.re));
  if (store.formulation.packed) return Numbers.packed(b, b.binary("mul", b.complex!.lift(r), x.z));
  return Numbers.of(b, b.binary("mul", r, x.re), b.binary("mul", r, x.im));
}

/** A complex number at every site times a complex field. */
export function timesComplex({ b, store }: RuleContext, f: Numbers, x: Numbers): Numbers {
  if (store.formulation.packed) return Numbers.packed(b, b.binary("mul", f.z, x.z));
  const m = (p: DeviceArray, q: DeviceArray): DeviceArray => b.binary("mul", p, q);
  return Numbers.of(b, b.binary("sub", m(f.re, x.re), m(f.im, x.im)), b.binary("add", m(f.re, x.im), m(f.im, x.re)));
}

/** The product of complex matrices at every site, or of their adjoints. */
export function product({ b, store }: RuleContext, x: Numbers, y: Numbers, adjointX = false, adjointY = false): Numbers {
  // what is packed for the product stays with its factors
  const [p, q] = [store.hold(x), store.hold(y)];
  const mark = b.mark();
  const z = store.formulation.product(b, p, q, adjointX, adjointY);
  b.sweep(mark, z.arrays);
  z.bound = x.bound * y.bound;
  return z;
}

export function adjoint({ b, store }: RuleContext, x: Numbers): Numbers {
  const { bound } = x;
  if (store.formulation.packed) return Numbers.packed(b, b.complex!.adjoint(x.z), bound);
  const { layout } = store;
  const t = (p: DeviceArray): DeviceArray => (p.shape[layout.row] === 1 && p.shape[layout.column] === 1 ? p : b.transpose(p, layout.transposed));
  return Numbers.of(b, t(x.re), b.unary("neg", t(x.im)), bound);
}

export const siteSum = ({ b, store }: RuleContext, x: DeviceArray): DeviceArray => b.sum(x, [store.layout.row, store.layout.column]);

/** Sum of the diagonal. */
export function trace(c: RuleContext, x: Numbers, N: number): Numbers {
  const unit = c.store.unit(N, 1);
  const y = c.store.hold(x);
  return y.with(y.parts.map((p) => siteSum(c, c.b.binary("mul", p, unit.parts[0]!))), N * x.bound);
}

/** Its real part. */
export function reTrace(c: RuleContext, x: Numbers, N: number): DeviceArray {
  if (c.store.formulation.packed) return trace(c, x, N).re;
  return siteSum(c, c.b.binary("mul", x.re, c.store.unit(N, 1).re));
}

/** Sum of conj(x) y over the components of a site. */
export function complexInner(c: RuleContext, x: Numbers, y: Numbers): Numbers {
  const { b } = c;
  if (c.store.formulation.packed) return Numbers.packed(b, siteSum(c, b.binary("mul", b.complex!.conj(x.z), y.z)));
  const im = b.binary("sub", b.binary("mul", x.re, y.im), b.binary("mul", x.im, y.re));
  return Numbers.of(b, inner(c, x, y), siteSum(c, im));
}

/** Its real part, or the sum of x y for real numbers. */
export function inner(c: RuleContext, x: Numbers, y: Numbers): DeviceArray {
  if (!x.real && c.store.formulation.packed) return complexInner(c, x, y).re;
  const re = c.b.binary("mul", x.re, y.re);
  return siteSum(c, x.real ? re : c.b.binary("add", re, c.b.binary("mul", x.im, y.im)));
}
