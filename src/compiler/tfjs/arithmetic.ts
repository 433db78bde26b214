/** Arithmetic on the arrays of whole fields that several rules share. */
import type { Attributes, ValueType } from "../../autograd/index.ts";
import type { Arrays, BinaryFunction, DeviceArray, Pair } from "../../backend/index.ts";
import type { Value } from "./layout.ts";
import type { FieldStore } from "./store.ts";

/** Work that reads arrays on the way. */
export type Steps<T> = Generator<DeviceArray, T, Float64Array>;

/** What a rule works with. */
export interface RuleContext {
  /** Arrays made here are given back after the rule, but for those of the result. */
  readonly b: Arrays;
  readonly store: FieldStore;
  readonly types: readonly ValueType[];
  readonly type: ValueType;
  readonly attributes: Attributes;
}

export type Rule = (c: RuleContext, inputs: readonly Value[]) => Value | Steps<Value>;

export const pair = (x: Value | undefined): Pair => x as Pair;

/** f on the real and, where there is one, on the imaginary part. */
export function parts(x: Pair, f: (p: DeviceArray) => DeviceArray): Pair {
  return x.im ? { re: f(x.re), im: f(x.im) } : { re: f(x.re) };
}

export function zip(b: Arrays, name: BinaryFunction, x: Pair, y: Pair): Pair {
  return x.im ? { re: b.binary(name, x.re, y.re), im: b.binary(name, x.im, y.im!) } : { re: b.binary(name, x.re, y.re) };
}

/** A fixed number times a field. */
export function times({ b }: RuleContext, factor: number, x: Pair): Pair {
  if (factor === 1) return x;
  if (factor === -1) return parts(x, (p) => b.unary("neg", p));
  const f = b.upload(Float64Array.of(factor), []);
  return parts(x, (p) => b.binary("mul", f, p));
}

/** The product of complex matrices at every site. */
export function product({ b, store }: RuleContext, x: Pair, y: Pair): Pair {
  const mark = b.mark();
  const z = store.formulation.product(b, x, y);
  b.sweep(mark, [z.re, z.im!]);
  return z;
}

export function adjoint({ b, store }: RuleContext, x: Pair): Pair {
  const t = (p: DeviceArray): DeviceArray => b.transpose(p, store.layout.transposed);
  return { re: t(x.re), im: b.unary("neg", t(x.im!)) };
}

export const siteSum = ({ b, store }: RuleContext, x: DeviceArray): DeviceArray => b.sum(x, [store.layout.row, store.layout.column]);

/** Sum of the diagonal of one part. */
export function diagonalSum(c: RuleContext, x: DeviceArray, N: number): DeviceArray {
  return siteSum(c, c.b.binary("mul", x, c.store.identity(N)));
}

/** Re sum conj(x) y over the components of a site. */
export function inner(c: RuleContext, x: Pair, y: Pair): DeviceArray {
  const re = c.b.binary("mul", x.re, y.re);
  return siteSum(c, x.im ? c.b.binary("add", re, c.b.binary("mul", x.im, y.im!)) : re);
}
