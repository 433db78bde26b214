/**
 * One rule an op: its forward map on whole fields. Ops without an entry here run through their own site rule, interpreted on arrays over
 * the sites. A rule that needs numbers of the device on the host is a generator: it yields the array and receives its values, so that the
 * same rule serves synchronous and asynchronous reads. Rules work on several fields of one type at once (`count`).
 */
import { type Domain, type Op, type V, components } from "../../autograd/index.ts";
import { type DeviceArray, Numbers } from "../../backend/index.ts";
import { type Rule, type RuleContext, adjoint, complexInner, inner, numbers, product, reTrace, times, timesComplex, timesReal, trace, zip } from "./arithmetic.ts";
import { expRule } from "./exp.ts";
import { extent } from "./layout.ts";
import { lyapRule, polarRule } from "./polar.ts";
import { ArraySite } from "./site.ts";

const same: Rule = (_c, [x]) => x!;

const combine: Rule = (c, inputs) => {
  const k = c.attributes["coefficients"] as readonly number[];
  if (c.type.kind === "scalar") return inputs.reduce<number>((s, x, i) => s + k[i]! * (x as number), 0);
  let sum = times(c, k[0]!, numbers(inputs[0]));
  for (let i = 1; i < inputs.length; i++) sum = k[i] === -1 ? zip(c, "sub", sum, numbers(inputs[i])) : zip(c, "add", sum, times(c, k[i]!, numbers(inputs[i])));
  return sum;
};

/** The sum with coefficients of `terms.length` times so many fields as the result has, which stand one after the other. */
export function addTerms(c: RuleContext, x: Numbers, terms: readonly number[]): Numbers {
  const { b, store } = c;
  const { layout } = store;
  const first = terms[0]!;
  const alike = terms.every((t) => t === first);
  const sites = c.count * layout.lattice.volume;
  const y = store.hold(x);
  const [rows, columns] = [y.shape[layout.row]!, y.shape[layout.column]!];
  const open = layout.sitesFirst ? [terms.length, sites, rows, columns] : [rows, columns, terms.length, sites];
  const bound = (alike ? terms.length : terms.reduce((s, t) => s + Math.abs(t), 0)) * x.bound;
  const sums = y.parts.map((p) => {
    const each = b.reshape(p, open);
    return b.sum(alike ? each : b.binary("mul", each, store.column(terms, y.real)), [layout.site], true);
  });
  const sum = y.with(sums, bound);
  return alike ? times(c, first, sum) : sum;
}

const scale: Rule = (c, [s, x]) => {
  if (typeof x === "number") return (s as number) * x;
  if (typeof s === "number") return times(c, s, numbers(x));
  return s!.real ? timesReal(c, s!.re, numbers(x)) : timesComplex(c, s!, numbers(x));
};

const ta: Rule = (c, [x]) => {
  const [N] = extent(c.type);
  const a = numbers(x);
  const y = times(c, 0.5, zip(c, "sub", a, adjoint(c, a)));
  if (N > 1) {
    const { b, store } = c;
    const mean = trace(c, y, N);
    const unit = store.unit(N, 1 / N).parts[0]!;
    const z = y.with(y.parts.map((p, k) => b.binary("sub", p, b.binary("mul", mean.parts[k]!, unit))));
    z.bound = ((2 * (N - 1)) / N) * a.bound;
    return z;
  }
  y.bound = a.bound;
  return y;
};

/** x where the mask of a parity is set, y elsewhere. */
function choose(c: RuleContext, domain: Domain, x: Numbers, y: Numbers | undefined): Numbers {
  const mask = c.store.mask(domain, c.count);
  const p = c.store.hold(x);
  const q = y && c.store.hold(y);
  const zero = !p.real && c.store.formulation.packed ? c.b.complex!.number(0) : c.b.number(0);
  return p.with(p.parts.map((a, k) => c.b.positive(mask, a, q ? q.parts[k]! : zero)), Math.max(x.bound, y?.bound ?? 0));
}

export const rules: Readonly<Record<string, Rule>> = {
  combine,
  scale,
  ta,
  mul: (c, [x, y]) => product(c, numbers(x), numbers(y), c.adjoint[0], c.adjoint[1]),
  mulVector: (c, [x, v]) => product(c, numbers(x), numbers(v), c.adjoint[0], c.adjoint[1]),
  outer: (c, [v, w]) => product(c, numbers(v), numbers(w), false, true),
  adj: (c, [x]) => adjoint(c, numbers(x)),
  dot: (c, [x, y]) => (typeof x === "number" ? x * (y as number) : Numbers.of(c.b, inner(c, numbers(x), numbers(y)))),
  cdot: (c, [x, y]) => complexInner(c, numbers(x), numbers(y)),
  trace: (c, [x]) => trace(c, numbers(x), extent(c.types[0]!)[0]),
  reTrace: (c, [x]) => Numbers.of(c.b, reTrace(c, numbers(x), extent(c.types[0]!)[0])),
  complex: (c, [x, y]) => Numbers.of(c.b, numbers(x).re, numbers(y).re),
  re: (c, [z]) => Numbers.of(c.b, numbers(z).re),
  im: (c, [z]) => Numbers.of(c.b, numbers(z).im),
  exp: expRule,
  polar: polarRule,
  lyap: lyapRule,
  broadcast: (c, [s]) => Numbers.of(c.b, c.b.binary("mul", c.store.constant(1, 1, 1, c.count * c.store.layout.lattice.volume), c.b.number(s as number)), undefined, Math.abs(s as number)),
  restrict: same,
  alias: same,
  detach: same,
  after: same,
  extend: (c, [x]) => choose(c, (c.types[0] as { domain: Domain }).domain, numbers(x), undefined),
  merge: (c, [e, o]) => choose(c, "even", numbers(e), numbers(o)),
};

/** Forward map of an op through its site rule. */
function throughSite(op: Op): Rule {
  return (c, inputs) => {
    const { b, store } = c;
    const lists = inputs.map((x, k) => (typeof x === "number" ? [x] : store.layout.components(b, c.types[k]!, x)));
    const operands = lists.map((list) => (i: number) => list[i] as unknown as V);
    const out = op.site!(new ArraySite(b), operands, c.attributes, c.types) as unknown as (number | DeviceArray)[];
    if (c.type.kind === "scalar") return out[0] as number;
    const everywhere = (x: number): DeviceArray => b.binary("mul", store.constant(1, 1, 1, c.count * store.layout.lattice.volume), b.number(x));
    const full = out.map((x) => (typeof x === "number" ? everywhere(x) : x));
    return store.layout.join(b, c.type, full.slice(0, components(c.type)));
  };
}

/**
 * The rule of an op; "own" for those that the executable handles itself, fields known while recording, what is moved, sums over sites, solves, dense algebra and
 * loops; undefined when it has none.
 */
export function ruleOf(op: Op): Rule | "own" | undefined {
  const { role } = op;
  if (role?.is === "barrier" || (role?.is === "view" && role.displacement)) return "own";
  if (role?.is === "solve" || role?.is === "dense" || role?.is === "loop" || (role?.is === "leaf" && (role.inPlace || !op.site))) return "own";
  return rules[op.identity ?? op.name] ?? (op.site ? throughSite(op) : undefined);
}
