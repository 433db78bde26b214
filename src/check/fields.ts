/** Actions of several named fields: the links (or none) as those of any action, the other fields as inputs that have derivatives and images under all symmetries. */
import { type AlgebraField, DirectionalField, Field, type LinkField, type Links, type MatrixType, type TracedOf, metric } from "../autograd/index.ts";
import { type Configuration, type FieldAction, type FieldKinds, type Isometry, groupOf, startFields, transformSites } from "../gauge/index.ts";
import { randomStream } from "../util/index.ts";
import { EPS, difference } from "./differences.ts";
import { type CheckItem, CheckReport, hint, judge, ratioOf } from "./report.ts";
import type { RecordedAction } from "./subject.ts";
import { NOISES } from "./symmetries.ts";
import { Curve, Directions, driftPlan, inner, norm } from "./tangent.ts";

type Any = FieldAction<FieldKinds, number, unknown>;
type Tangent = { readonly [name: string]: AlgebraField | Field };

/** Items of links that say nothing where there are none. */
const OF_LINKS = ["gradient", "force in the algebra", "gauge invariance", "charge conjugation"];
const STEPS = 8;

/** The image of fields under an isometry, or under charge conjugation, which is the complex conjugate of what turns with the links. */
function image(fields: Configuration, map: Isometry | "conjugate"): Configuration {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      if (field instanceof DirectionalField) return [name, field];
      if (map !== "conjugate") return [name, transformSites(field, map)];
      const turns = field.type.kind === "vector" || field.type.kind === "matrix";
      return [name, turns ? field.clone().set(field.toArray().map((x, k) => (k % 2 === 1 ? -x : x))) : field];
    }),
  );
}

/** Scalar product of a force with a direction, in which the kinetic terms are written. */
const paired = (F: Tangent, P: Tangent): number => Object.keys(P).reduce((s, name) => s + (F[name] instanceof Field && F[name].type.kind === "matrix" ? metric((F[name].type as MatrixType).N) : 1) * inner(F[name], P[name]), 0);

/** `check`: the check of an action of links. */
export function checkFields<O extends { readonly seed?: number }>(action: Any, U: LinkField, options: O, check: (subject: RecordedAction, U: LinkField, options: O) => CheckReport): CheckReport {
  const { seed = 0 } = options;
  const group = groupOf(U.N as number);
  const links = Object.entries(action.fields).find(([, kind]) => kind === "links")?.[0];
  const kinds = Object.fromEntries(Object.entries(action.fields).filter(([, kind]) => kind !== "links"));
  const fields: Configuration = Object.keys(kinds).length > 0 ? startFields(kinds, U.lattice, { group, seed: seed + 1, width: 0.7 }) : {};
  const at = (V: unknown, f: object): never => (links === undefined ? f : { ...f, [links]: V }) as never;
  const subject = {
    name: action.name,
    inputs: { fields, inputs: action.inputs },
    evaluate: (V: Links, p: { fields: TracedOf<Configuration>; inputs: TracedOf<unknown> }) => action.evaluate(at(V, p.fields), p.inputs),
    image: (p: { fields: Configuration }, map: Isometry | "conjugate") => ({ ...p, fields: image(p.fields, map) }),
  };
  const report = check(subject as unknown as RecordedAction, U, options);
  if (report.items.length === 1) return report;
  const items = report.items.flatMap((i): CheckItem[] => {
    if (links === undefined && OF_LINKS.includes(i.name)) return [];
    return i.name === "reversibility" ? [] : [i];
  });
  const x: Configuration = at(U, fields);
  const directions = new Directions(randomStream(seed + 2));
  const P = Object.fromEntries(Object.entries(x).map(([name, field]) => [name, directions.tangent(field)])) as Tangent;
  return new CheckReport(report.subject, [...items, forceItem(action, x, P), reversibilityItem(action, x, P)]);
}

/** The force as a sampler uses it. */
function forceItem(action: Any, x: Configuration, P: Tangent): CheckItem {
  const F = action.force(x as never) as unknown as Tangent;
  const curve = new Curve(x, P);
  const value = paired(F, P);
  const d = difference((s) => action.value(curve.at(s) as never) as number);
  const tolerance = 8 * d.error + 64 * EPS * norm(F) * norm(P);
  const deviation = Math.abs(value - d.value);
  const status = judge(deviation, tolerance);
  const ratio = ratioOf(value, d.value, tolerance);
  const note = hint(ratio.ratio, 1);
  return { name: "force of all fields", status, value, reference: d.value, ...ratio, deviation, tolerance, toleranceFrom: "8 x error of fourth-order differences, + 64 eps x |F| |P|", ...(status === "fail" && note !== undefined ? { note } : {}) };
}

/** Leapfrog forward, momenta turned round, and back: the fields are as before up to rounding times the growth of a displacement. */
function reversibilityItem(action: Any, x: Configuration, P: Tangent): CheckItem {
  const F = action.force(x as never) as unknown as Tangent;
  const parts = (y: object): Float64Array[] => Object.values(y).flatMap((f: Field | DirectionalField) => (f instanceof Field ? [f] : f.fields).map((g) => (g as Field).toArray()));
  const dt = Math.min(0.05, 0.25 / Math.max(EPS, ...parts(F).map((f) => f.reduce((m, v) => Math.max(m, Math.abs(v)), 0))));
  const names = Object.keys(x);
  const plans = names.map((name) => (x[name] instanceof DirectionalField ? driftPlan(x[name] as LinkField, P[name] as AlgebraField) : undefined));
  const axpy = (to: Field | DirectionalField, s: number, from: Field | DirectionalField): void => {
    const [a, b] = [to, from].map((f) => (f instanceof Field ? [f] : f.fields) as readonly Field[]) as [readonly Field[], readonly Field[]];
    a.forEach((f, k) => {
      const y = b[k]!.toArray();
      f.set(f.toArray().map((v, i) => v + s * y[i]!));
    });
  };
  const drift = (y: Configuration, Q: Tangent, s: number): void => names.forEach((name, k) => (plans[k] ? plans[k].runInto(y[name] as never, y[name], Q[name], s) : axpy(y[name]!, s, Q[name]!)));
  const leapfrog = (y: Configuration, Q: Tangent): void => {
    for (let k = 0; k < STEPS; k++) {
      drift(y, Q, dt / 2);
      const G = action.force(y as never) as unknown as Tangent;
      for (const name of names) axpy(Q[name]!, -dt, G[name]!);
      drift(y, Q, dt / 2);
    }
  };
  const copied = <T extends object>(y: T): T => Object.fromEntries(Object.entries(y).map(([name, f]) => [name, (f as Field).clone()])) as T;
  const largest = (a: readonly Float64Array[], b: readonly Float64Array[]): number => a.reduce((m, f, k) => f.reduce((w, v, i) => Math.max(w, Math.abs(v - b[k]![i]!)), m), 0);
  const [y, Q] = [copied(x), copied(P)];
  leapfrog(y, Q);
  const end = parts(y);
  for (const name of names) axpy(Q[name]!, -2, copied(Q)[name]!);
  leapfrog(y, Q);
  const [moved, again] = [copied(new Curve(x, P).at(1e-7)), copied(P)];
  leapfrog(moved, again);
  const growth = Math.max(1, largest(parts(moved), end) / 1e-7);
  const size = Math.max(1, ...parts(x).map((f) => f.reduce((m, v) => Math.max(m, Math.abs(v)), 0)));
  const deviation = largest(parts(y), parts(x));
  const tolerance = NOISES * STEPS * EPS * size * growth ** 2;
  const status = judge(deviation, tolerance);
  return { name: "reversibility", status, deviation, tolerance, toleranceFrom: `${NOISES} x ${STEPS} steps x eps x largest component x growth ${growth.toFixed(1)}^2`, ...(status === "fail" ? { note: "the force at the same fields is not the same number: hidden state" } : {}) };
}
