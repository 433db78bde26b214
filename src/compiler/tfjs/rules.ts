/**
 * One rule an op: its forward map on whole fields. Ops without an entry here run through their own site rule, interpreted on arrays over
 * the sites. A rule that needs numbers of the device on the host is a generator: it yields the array and receives its values, so that the
 * same rule serves synchronous and asynchronous reads.
 */
import { type Displacement, type Domain, type Op, type V, components } from "../../autograd/index.ts";
import type { DeviceArray, Pair } from "../../backend/index.ts";
import { type Rule, type RuleContext, type Steps, adjoint, diagonalSum, inner, pair, parts, product, siteSum, times, zip } from "./arithmetic.ts";
import { expRule } from "./exp.ts";
import { extent } from "./layout.ts";
import { lyapRule, polarRule } from "./polar.ts";
import { ArraySite } from "./site.ts";

const same: Rule = (_c, [x]) => x!;

const combine: Rule = (c, inputs) => {
  const k = c.attributes["coefficients"] as readonly number[];
  if (c.type.kind === "scalar") return inputs.reduce<number>((s, x, i) => s + k[i]! * (x as number), 0);
  let sum = times(c, k[0]!, pair(inputs[0]));
  for (let i = 1; i < inputs.length; i++) sum = k[i] === -1 ? zip(c.b, "sub", sum, pair(inputs[i])) : zip(c.b, "add", sum, times(c, k[i]!, pair(inputs[i])));
  return sum;
};

const scale: Rule = (c, [s, x]) => {
  if (typeof x === "number") return (s as number) * x;
  if (typeof s === "number") return times(c, s, x!);
  const m = (p: DeviceArray, q: DeviceArray): DeviceArray => c.b.binary("mul", p, q);
  const f = pair(s);
  if (!f.im) return parts(x!, (p) => m(f.re, p));
  const y = x!;
  return { re: c.b.binary("sub", m(f.re, y.re), m(f.im, y.im!)), im: c.b.binary("add", m(f.re, y.im!), m(f.im, y.re)) };
};

const ta: Rule = (c, [x]) => {
  const { b, store } = c;
  const [N] = extent(c.type);
  const a = pair(x);
  const half = b.upload(Float64Array.of(0.5), []);
  const d = adjoint(c, a);
  const re = b.binary("mul", half, b.binary("sub", a.re, d.re));
  const im = b.binary("mul", half, b.binary("sub", a.im!, d.im!));
  if (N === 1) return { re, im };
  const mean = b.binary("mul", b.upload(Float64Array.of(1 / N), []), diagonalSum(c, im, N));
  return { re, im: b.binary("sub", im, b.binary("mul", mean, store.identity(N))) };
};

function* sum(c: RuleContext, x: Pair): Steps<number> {
  const values = yield x.re;
  let s = 0;
  for (let n = 0; n < values.length; n++) if (c.store.layout.inside(c.types[0]!, n)) s += values[n]!;
  return s;
}

/** x where the mask of a parity is set, y elsewhere. */
function choose(c: RuleContext, domain: Domain, x: Pair, y: (part: "re" | "im") => DeviceArray): Pair {
  const mask = c.store.mask(domain);
  const re = c.b.positive(mask, x.re, y("re"));
  return x.im ? { re, im: c.b.positive(mask, x.im, y("im")) } : { re };
}

export const rules: Readonly<Record<string, Rule>> = {
  combine,
  scale,
  ta,
  mul: (c, [x, y]) => product(c, pair(x), pair(y)),
  mulVector: (c, [x, v]) => product(c, pair(x), pair(v)),
  outer: (c, [v, w]) => product(c, pair(v), adjoint(c, pair(w))),
  adj: (c, [x]) => (c.type.kind === "complex" ? { re: pair(x).re, im: c.b.unary("neg", pair(x).im!) } : adjoint(c, pair(x))),
  shift: (c, [x]) => {
    const table = c.store.table(c.attributes["displacement"] as Displacement);
    return parts(pair(x), (p) => c.b.gather(p, table, c.store.layout.site));
  },
  dot: (c, [x, y]) => (typeof x === "number" ? x * (y as number) : { re: inner(c, pair(x), pair(y)) }),
  cdot: (c, [x, y]) => {
    const [p, q] = [pair(x), pair(y)];
    const im = c.b.binary("sub", c.b.binary("mul", p.re, q.im!), c.b.binary("mul", p.im!, q.re));
    return { re: inner(c, p, q), im: siteSum(c, im) };
  },
  trace: (c, [x]) => parts(pair(x), (p) => diagonalSum(c, p, extent(c.types[0]!)[0])),
  reTrace: (c, [x]) => ({ re: diagonalSum(c, pair(x).re, extent(c.types[0]!)[0]) }),
  complex: (_c, [x, y]) => ({ re: pair(x).re, im: pair(y).re }),
  re: (_c, [z]) => ({ re: pair(z).re }),
  im: (_c, [z]) => ({ re: pair(z).im! }),
  exp: expRule,
  polar: polarRule,
  lyap: lyapRule,
  sum: (c, [x]) => sum(c, pair(x)),
  broadcast: (c, [s]) => ({ re: c.b.binary("mul", c.store.constant("ones", 1, 1, 1), c.b.upload(Float64Array.of(s as number), [])) }),
  restrict: same,
  alias: same,
  detach: same,
  after: same,
  extend: (c, [x]) => {
    const t = c.types[0]!;
    return choose(c, (t as { domain: Domain }).domain, pair(x), () => c.b.upload(new Float64Array(1), [1, 1, 1]));
  },
  merge: (c, [e, o]) => choose(c, "even", pair(e), (part) => pair(o)[part]!),
};

/** Forward map of an op through its site rule. */
function throughSite(op: Op): Rule {
  return (c, inputs) => {
    const lists = inputs.map((x, k) => (typeof x === "number" ? [x] : c.store.layout.components(c.b, c.types[k]!, x)));
    const operands = lists.map((list) => (i: number) => list[i] as unknown as V);
    const out = op.site!(new ArraySite(c.b), operands, c.attributes, c.types) as unknown as (number | DeviceArray)[];
    if (c.type.kind === "scalar") return out[0] as number;
    const ones = (): DeviceArray => c.store.constant("ones", 1, 1, 1);
    const full = out.map((x) => (typeof x === "number" ? c.b.binary("mul", ones(), c.b.upload(Float64Array.of(x), [])) : x));
    return c.store.layout.join(c.b, c.type, full.slice(0, components(c.type)));
  };
}

/** The rule of an op; "own" for those that the executable handles itself, fields known while recording, solves, dense algebra and loops; undefined when it has none. */
export function ruleOf(op: Op): Rule | "own" | undefined {
  const { role } = op;
  if (role?.is === "solve" || role?.is === "dense" || role?.is === "loop" || (role?.is === "leaf" && (role.inPlace || !op.site))) return "own";
  return rules[op.name] ?? (op.site ? throughSite(op) : undefined);
}
