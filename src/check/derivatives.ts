/**
 * Derivatives against differences along the group, and the identities that hold for every linear map. A layer is differentiated
 * through the pairing sum Re tr(W^+ f(U)) with a random W.
 */
import { type LinkField, type Links, type Scalar, DirectionalField, Plan, add, dot, hvp, jvp, scale, sum, vjp } from "../autograd/index.ts";
import { customRuleItems } from "./custom-rules.ts";
import { type Difference, EPS, STENCIL, difference } from "./differences.ts";
import { type CheckItem, hint, judge, ratioOf } from "./report.ts";
import type { Probe, TracedPoint } from "./subject.ts";
import { Curve, type Directions, inner, linkText, namedLeaves, norm, onLinks, onlyLeaf, sitesOf, without, worstLink } from "./tangent.ts";

/** Safety on the estimated error of a difference. */
const SAFETY = 8;
/** Rounding of sums, in units of eps times the norms of their factors. */
const ROUNDINGS = 64;
/** Relative errors of derivatives behind solves, in units of the residual that they leave: the amplification by the operator. */
const SOLVES = 64;
/** Relative error above which differences say nothing. */
const CONVERGED = 1e-3;
/** Relative noise that rounding does not explain. */
const NOISY = 1e-9;

type Gradient = { readonly links: DirectionalField<number, "algebra">; readonly parameters: unknown };
type Any = Plan<readonly unknown[], unknown>;

/** What a tolerance has for solves that leave a residual. */
const solvesText = (residual: number): string => (residual > 0 ? `, + ${SOLVES} x solver tolerance ${residual.toExponential(1)} x size` : "");

/** One derivative against its differences. `size` bounds the terms of the sum that gives `value`; solves behind it leave a relative `residual`. */
function compare(name: string, value: number, d: Difference, size: number, residual: number, N: number, where: () => string | undefined): CheckItem {
  const scaleOf = Math.max(Math.abs(value), Math.abs(d.value));
  const tolerance = SAFETY * d.error + (ROUNDINGS * EPS + SOLVES * residual) * size;
  const deviation = Math.abs(value - d.value);
  // a large truncation says nothing about the value; large noise does where the numbers agree within it
  const rough = SAFETY * d.truncation > CONVERGED * scaleOf && d.truncation > d.rounding;
  const status = rough ? "fail" : judge(deviation, tolerance);
  const ratio = ratioOf(value, d.value, tolerance);
  const failed = status === "fail";
  const site = failed ? where() : undefined;
  const unsettled = rough || (SAFETY * d.error > CONVERGED * Math.abs(d.value) && d.noise > NOISY);
  const note = !failed ? undefined : unsettled ? "differences do not converge with the step: the map is not smooth on its scale, or changes from call to call" : hint(ratio.ratio, N);
  return {
    name, status, value, reference: d.value, ...ratio, ...(d.order === undefined ? {} : { order: d.order }), deviation, tolerance,
    toleranceFrom: `${SAFETY} x (truncation ${d.truncation.toExponential(1)} + rounding ${d.rounding.toExponential(1)}) of fourth-order differences at step ${d.step.toExponential(1)}, + ${ROUNDINGS} eps x size of the sum${solvesText(residual)}`,
    ...(site === undefined ? {} : { where: site }), ...(note === undefined ? {} : { note }),
  };
}

/** `frozen`: parameters without a derivative. */
export function derivativeItems(probe: Probe, directions: Directions, frozen: ReadonlySet<string>): CheckItem[] {
  const { subject, at } = probe;
  const { residual } = subject;
  const { links: U, parameters } = at;
  const { N } = U;
  const layer = subject.kind === "layer";
  const w = layer ? directions.cotangent(U) : 1;
  const paired = (x: typeof at): number => (layer ? inner(probe.links(x), w) : probe.value(x));
  const X = directions.algebra(U);
  const alongLinks = (direction: typeof X): ((s: number) => number) => {
    const curve = new Curve(U, direction);
    return (s) => paired({ links: curve.at(s), parameters });
  };

  if (!subject.map) {
    const F = probe.force(U);
    const note = "the subject has value and force only, no recorded function";
    return [
      compare("gradient", inner(F, X), difference(alongLinks(X)), norm(F) * norm(X), residual, N, () => worstOf(F, X, alongLinks)),
      ...["second order", "transpose", "linearity"].map((name): CheckItem => ({ name, status: "skipped", note })),
    ];
  }

  const map = subject.map;
  const reverse: Any = new Plan(((x: TracedPoint, c: Scalar | Links) => vjp(map)(x, c)) as never, [at, w]);
  const tape = reverse.fresh(at, w) as Gradient;
  const G = subject.own ? { ...tape, links: probe.force(U) } : tape;
  const items = [compare("gradient", inner(G.links, X), difference(alongLinks(X)), norm(G.links) * norm(X), residual, N, () => worstOf(G.links, X, alongLinks))];

  const free = (t: Gradient): Gradient => ({ links: t.links, parameters: without(t.parameters, frozen) });
  if (namedLeaves(parameters).length > 0) items.push(parameterItem({ gradient: G.parameters, tangent: directions.tangent(parameters), parameters, frozen, residual, N, at: (p) => paired({ links: U, parameters: p }) }));

  const v = free(directions.tangent(at) as Gradient);
  const y = free(directions.tangent(at) as Gradient);
  const phi = (x: TracedPoint, c: Scalar | Links): Scalar => {
    const f = map(x);
    if (!layer) return scale(c as Scalar, f as Scalar);
    const terms = (f as Links).values().map((z, mu) => sum(dot((c as Links)[mu]!, z)));
    return add(terms[0]!, ...terms.slice(1));
  };
  const second: Any = new Plan(((x: TracedPoint, t: never, c: Scalar | Links) => hvp(phi)(x, t, c)) as never, [at, v, w]);
  const H = second.fresh(at, v, w) as Gradient;
  const curve = new Curve(at, v);
  const gradientAt = (s: number): Gradient => reverse.run(curve.at(s), w) as Gradient;
  const d2 = difference((s) => inner(gradientAt(s), y));
  items.push(compare("second order", inner(H, y), d2, norm(H) * norm(y), residual, N, () => {
    const D = U.fields.map((f) => new Float64Array(f.length));
    for (const [k, c] of STENCIL) gradientAt(k * d2.step).links.fields.forEach((f, mu) => f.toArray().forEach((z, i) => (D[mu]![i]! += (c / d2.step) * z)));
    return worstLink(U, H.links.fields.map((f) => f.toArray()), D).where;
  }));

  const forward: Any = new Plan(((x: TracedPoint, t: never) => jvp(map)(x, t)) as never, [at, v]);
  const J = forward.fresh(at, v);
  const identity = (name: string, value: number, reference: number, size: number, toleranceFrom: string, meaning: string): CheckItem => {
    const tolerance = (ROUNDINGS * EPS + SOLVES * residual) * size;
    const deviation = Math.abs(value - reference);
    const status = judge(deviation, tolerance);
    return { name, status, value, reference, ...ratioOf(value, reference, tolerance), deviation, tolerance, toleranceFrom: `${toleranceFrom}${solvesText(residual)}`, ...(status === "fail" ? { note: meaning } : {}) };
  };
  items.push(identity("transpose", inner(tape, v), inner(w, J), norm(tape) * norm(v) + norm(w) * norm(J), `${ROUNDINGS} eps x (|vjp w| |v| + |w| |jvp v|)`, "<vjp w, v> is not <w, jvp v>: a rule is not linear in its cotangent"));

  const other = layer ? directions.cotangent(U) : -1.3;
  const c = 0.7;
  const both = layer ? combined(w as LinkField, c, other as LinkField) : (w as number) + c * (other as number);
  const [T, T2] = [reverse.fresh(at, both), reverse.fresh(at, other)];
  items.push(identity("linearity", inner(T, v), inner(tape, v) + c * inner(T2, v), (norm(T) + norm(tape) + norm(T2)) * norm(v), `${ROUNDINGS} eps x sum of |vjp| |v|`, "vjp(w1 + c w2) is not vjp(w1) + c vjp(w2): a rule is not linear in its cotangent"));
  return items.some((i) => i.status === "fail") ? [...items, ...customRuleItems(probe, directions)] : items;
}

interface ParameterGradient {
  readonly gradient: unknown;
  readonly tangent: unknown;
  readonly parameters: unknown;
  readonly frozen: ReadonlySet<string>;
  readonly residual: number;
  readonly N: number;
  readonly at: (p: unknown) => number;
}

/** All parameters one by one; the item shows the worst. Frozen ones have no derivative on the tape, and no difference is taken. */
function parameterItem({ gradient, tangent, parameters, frozen, residual, N, at }: ParameterGradient): CheckItem {
  const leaves = namedLeaves(parameters);
  const items = leaves.flatMap(({ name }, k): CheckItem[] => {
    const v = onlyLeaf(tangent, k);
    const size = norm(onlyLeaf(gradient, k));
    if (frozen.has(name)) return size === 0 ? [] : [{ name, status: "fail", value: size, reference: 0, deviation: size, tolerance: 0, toleranceFrom: "declared as frozen", note: "it is declared as frozen, and has a derivative: leave it out of frozen, or detach it" }];
    const curve = new Curve(parameters, v);
    return [compare(name, inner(gradient, v), difference((s) => at(curve.at(s))), size * norm(v), residual, N, () => undefined)];
  });
  if (items.length === 0) return { name: "parameter gradient", status: "skipped", note: `all parameters are declared as frozen: ${[...frozen].join(", ")}` };
  const severity = (i: CheckItem): number => (i.status === "fail" ? 1e3 : 0) + (Number.isNaN(i.deviation!) ? Infinity : i.deviation! / Math.max(i.tolerance!, Number.MIN_VALUE));
  const worst = items.reduce((a, b) => (severity(b) > severity(a) ? b : a));
  const wrong = items.filter((i) => i.status === "fail").map((i) => i.name);
  const note = wrong.length > 1 ? `${wrong.length} of ${leaves.length} parameters: ${wrong.slice(0, 8).join(", ")}${wrong.length > 8 ? ", ..." : ""}; ${worst.note ?? ""}` : worst.note;
  return { ...worst, name: "parameter gradient", where: worst.name, ...(note === undefined ? {} : { note }) };
}

function combined(a: LinkField, c: number, b: LinkField): LinkField {
  return a.clone().set(a.fields.map((f, mu) => {
    const y = b.toArray(mu);
    return f.toArray().map((x, k) => x + c * y[k]!);
  }));
}

/** The link whose share of <F, X> differs most from its difference, by halving the lattice: in each step the half with the larger deviation. */
function worstOf(F: Gradient["links"], X: Gradient["links"], along: (X: Gradient["links"]) => (s: number) => number): string {
  const h = 1e-2;
  const deviation = (a: number, b: number): number => {
    const part = onLinks(X, a, b);
    const g = along(part);
    return Math.abs(inner(F, part) - STENCIL.reduce((s, [k, c]) => s + (c / h) * g(k * h), 0));
  };
  const V = sitesOf(X);
  let [a, b] = [0, V * X.lattice.dim];
  while (b - a > 1) {
    const m = (a + b) >> 1;
    if (deviation(a, m) >= deviation(m, b)) b = m;
    else a = m;
  }
  return linkText(X, Math.floor(a / V), a % V);
}
