/** The arithmetic of a site function on plain numbers: the definition of derivatives of site functions, which follow from the function itself. */
import { type Op, type Site, type V } from "../../autograd/index.ts";
import type { SiteRule } from "./site-rules.ts";

const of = (v: V): number => v as unknown as number;
const v = (x: number): V => x as unknown as V;
const calls = { sin: Math.sin, cos: Math.cos, tan: Math.tan, tanh: Math.tanh, exp: Math.exp, log: Math.log } as const;

const plain: Site = {
  constant: v,
  add: (a, b) => v(of(a) + of(b)),
  sub: (a, b) => v(of(a) - of(b)),
  mul: (a, b) => v(of(a) * of(b)),
  fma: (a, b, c) => v(of(a) * of(b) + of(c)),
  fnma: (a, b, c) => v(of(c) - of(a) * of(b)),
  div: (a, b) => v(of(a) / of(b)),
  neg: (a) => v(-of(a)),
  sqrt: (a) => v(Math.sqrt(of(a))),
  abs: (a) => v(Math.abs(of(a))),
  max: (a, b) => v(of(a) > of(b) ? of(a) : of(b)),
  positive: (c, a, b) => (of(c) > 0 ? a : b),
  call: (name, x, y) => v(name === "atan2" ? Math.atan2(of(x!), of(y!)) : calls[name](of(x!))),
  loop: (count, carried, body) => {
    let values = [...carried];
    for (let k = 0; k < of(count); k++) values = body(values);
    return values;
  },
};

/** The rule of an op that has a site function and no definition of its own. */
export const numbersOf = (op: Op): SiteRule | undefined => (op.site ? (x, { attributes, types }) => op.site!(plain, x.map((a) => (i: number) => v(a[i]!)), attributes, types).map(of) : undefined);

/** A formula as a function of plain numbers. */
export const formulaOf = (formula: (b: Site, x: readonly V[]) => readonly V[]) => (x: readonly number[]): number[] => formula(plain, x as unknown as readonly V[]) as unknown as number[];
