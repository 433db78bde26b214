/** `check(subject, U)`: everything that must hold for an action or a layer, in one call. */
import { DirectionalField, Field, type LinkField, type Links, kind } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { guard, is, randomStream } from "../util/index.ts";
import { FieldAction, groupOf } from "../gauge/index.ts";
import { bijectionItems } from "./bijection.ts";
import { derivativeItems } from "./derivatives.ts";
import { checkFields } from "./fields.ts";
import { closureItem, reversibilityItem, unitarityItems } from "./group.ts";
import { type CheckItem, CheckReport } from "./report.ts";
import { Probe, type Subject, checked } from "./subject.ts";
import { type BijectionSubject, chainSteps, isBijection } from "./steps.ts";
import { type Expectation, deterministicItem, symmetryItems } from "./symmetries.ts";
import { Directions, namedLeaves } from "./tangent.ts";

/** Options of the checks of a model: random directions, expected symmetries, parameters held constant. */
export interface CheckOptions {
  /** Seed of the random directions and of the gauge transformation. Default 0. */
  readonly seed?: number;
  /** What must hold and what may be broken, for instance `{ reflections: true, translations: false }`. */
  readonly expect?: Expectation;
  /**
   * Parameters that the subject treats as constants, by the names of the parameter gradient (`rho`, `weights[2]`; `weights` for all of them): they must
   * have no derivative on the tape, and none is compared.
   */
  readonly frozen?: readonly string[];
}

/**
 * Checks an action, a layer or a function of traced links at the links U (hot or near-unit ones; a cold field hides errors).
 *
 * Always required: the same bits from a second call, the gradient with respect to the links and to every parameter against fourth-order
 * differences along the group, second
 * order (hvp) against differences of the gradient, <vjp w, v> = <w, jvp v>, linearity of the vjp in its cotangent, gauge covariance (layers)
 * or invariance (actions); for layers unitarity of the links; for actions a force in the algebra and the reversibility of a
 * short leapfrog trajectory. An action that has a `force` of its own is checked by it, as a sampler would use it;
 * without a recorded function, second order and the identities are skipped.
 *
 * Required unless `expect` accepts them as broken: translations, and det = 1 of a layer's links. Reported, and required where `expect` says
 * so: rotations by 90 degrees (exchanges of axes where extents differ), reflections, charge conjugation. Lattice symmetries are skipped, with
 * the reason, for subjects whose inputs hold fields (pseudofermions).
 *
 * Bijections (maps with a log det) are checked as layers, their log det as an action, and besides: the log det against the determinant of the whole
 * Jacobian by differences, on a small lattice, step by step, as the derivatives are; its sign; whether links that move in one step depend on each other; F^-1(F(V)) = V.
 *
 * Actions of several named fields (`fieldAction`, `scalarAction`) are checked at the links U, where they know any, and random other fields of the kinds that they declare:
 * their derivatives by every field are those of inputs, symmetries act on all fields, and a trajectory of all of them is reversed.
 *
 * Tolerances follow from the rounding noise measured at U, the step of the differences and the tolerance of solves in the recorded function, never
 * from a fixed number. Parameters or links that are not finite are the only item of a report.
 * @throws CovarianceError, RecordingError when the forward map cannot be recorded.
 */
export function check(subject: Subject, U: LinkField, options: CheckOptions = {}): CheckReport {
  guard("check", { subject: [subject, is.present], U: [U, kind.linkField], options: [options, is.keysOf("seed", "expect", "frozen")] });
  if (isBijection(subject)) return checkBijection(subject, U, options);
  if (subject instanceof FieldAction) return checkFields(subject as unknown as FieldAction, U, options, check);
  const { seed = 0, expect = {}, frozen = [] } = options;
  const what = checked(subject, U);
  const about = { name: what.name, kind: what.kind, group: groupOf(U.N as number).name, lattice: U.lattice.extents, seed };
  const bad = notFinite(what.parameters, U);
  if (bad.length > 0) return new CheckReport(about, [{ name: "inputs", status: "fail", where: bad[0]!, note: `${bad.join(", ")}: nothing can be checked there` }]);
  const probe = new Probe(what, U);
  const directions = new Directions(randomStream(seed));
  const items = [
    deterministicItem(probe),
    ...derivativeItems(probe, directions, frozenNames(what.parameters, frozen)),
    ...symmetryItems(probe, directions, seed, expect),
    ...(what.kind === "layer" ? unitarityItems(probe, directions, expect) : [closureItem(probe), reversibilityItem(probe, directions)]),
  ];
  return new CheckReport(about, items);
}

/**
 * The map as a layer, its log det as an action, and what belongs to both. Masks break translations: these are reported, and required where `expect` says so. A map that is made of steps is
 * differentiated step by step: derivatives of a chain follow from those of its steps, and second derivatives of all of them in one program would be very large ones.
 */
function checkBijection(F: BijectionSubject, U: LinkField, options: CheckOptions): CheckReport {
  const { seed = 0, expect = {}, frozen = [] } = options;
  const steps = frozen.length > 0 ? [] : chainSteps(F, U).filter((s) => s.distinct);
  const layer = (step: BijectionSubject): Subject => ({ name: step.name, parameters: step.parameters, forward: (V, p) => step.forward(V, p).links });
  const density = (step: BijectionSubject): Subject => ({ name: step.name, inputs: step.parameters, evaluate: (V: Links, p: never) => step.forward(V, p).logDet });
  const allowed = { translations: false, ...expect };
  if (steps.length < 2) {
    const map = check(layer(F), U, { ...options, expect: allowed });
    const about = { ...map.subject, kind: "bijection" as const };
    if (map.items.length === 1) return new CheckReport(about, map.items);
    const ofLogDet = check(density(F), U, { ...options, expect: { translations: false } }).items.filter((i) => OF_LOG_DET.includes(i.name));
    return new CheckReport(about, [...bijectionItems(F, U, seed), ...ofLogDet.map(named), ...map.items]);
  }
  const about = { name: F.name, kind: "bijection" as const, group: groupOf(U.N as number).name, lattice: U.lattice.extents, seed };
  const bad = notFinite(F.parameters, U);
  if (bad.length > 0) return new CheckReport(about, [{ name: "inputs", status: "fail", where: bad[0]!, note: `${bad.join(", ")}: nothing can be checked there` }]);
  const whole = { name: F.name, parameters: F.parameters, forward: (V: Links, p: never) => F.forward(V, p).links };
  const probe = new Probe(checked(whole, U), U);
  const directions = new Directions(randomStream(seed));
  const derivatives = (of: (step: BijectionSubject) => Subject): CheckItem[] => worstByName(steps.flatMap(({ k, step, V }) => {
    const own = new Probe(checked(of(step), V), V);
    const invariance = symmetryItems(own, directions, seed, { translations: false }).filter((i) => i.name === "gauge invariance");
    return [...derivativeItems(own, directions, new Set()), ...invariance].map((i) => ({ ...i, where: `step ${k + 1}, ${step.name}${i.where === undefined ? "" : `, ${i.where}`}` }));
  }));
  const ofLogDet = derivatives(density).filter((i) => OF_LOG_DET.includes(i.name));
  return new CheckReport(about, [
    ...bijectionItems(F, U, seed), ...ofLogDet.map(named),
    deterministicItem(probe), ...derivatives(layer), ...symmetryItems(probe, directions, seed, allowed), ...unitarityItems(probe, directions, allowed),
  ]);
}

const OF_LOG_DET = ["gradient", "parameter gradient", "second order", "gauge invariance"];
const named = (i: CheckItem): CheckItem => ({ ...i, name: `log det: ${i.name}` });

/** Of items with one name the worst. */
function worstByName(items: readonly CheckItem[]): CheckItem[] {
  const severity = (i: CheckItem): number => (i.status === "fail" ? 1e6 : 0) + (i.deviation === undefined ? -1 : Number.isNaN(i.deviation) ? 1e6 : i.deviation / Math.max(i.tolerance ?? 0, Number.MIN_VALUE));
  const worst = new Map<string, CheckItem>();
  for (const i of items) {
    const before = worst.get(i.name);
    if (!before || severity(i) > severity(before)) worst.set(i.name, i);
  }
  return [...worst.values()];
}

/** `rho is NaN`, for every number and field that is not finite. */
function notFinite(parameters: unknown, U: LinkField): string[] {
  const first = (name: string, x: ArrayLike<number>): string[] => {
    const at = Array.prototype.findIndex.call(x, (y: number) => !Number.isFinite(y));
    return at < 0 ? [] : [`${name} is ${x[at]} in component ${at}`];
  };
  const fields = (name: string, x: Field | DirectionalField): string[] => (x instanceof Field ? first(name, x.toArray()) : x.fields.flatMap((f, mu) => first(`${name} along ${x.lattice.axis(mu)}`, f.toArray())));
  return [
    ...namedLeaves(parameters).flatMap(({ name, value }) => (typeof value === "number" ? (Number.isFinite(value) ? [] : [`${name} is ${value}`]) : fields(name, value as Field | DirectionalField))),
    ...fields("the link field", U),
  ];
}

/** Names of the leaves that are frozen. @throws ConfigurationError for a name that no parameter has. */
function frozenNames(parameters: unknown, frozen: readonly string[]): ReadonlySet<string> {
  const leaves = namedLeaves(parameters).map((l) => l.name);
  const within = (name: string, group: string): boolean => name === group || name.startsWith(`${group}.`) || name.startsWith(`${group}[`);
  for (const f of frozen)
    if (!leaves.some((name) => within(name, f))) throw new ConfigurationError(`check: got the frozen parameter "${f}", expected one of ${leaves.slice(0, 12).join(", ") || "none, there are no parameters"}${leaves.length > 12 ? ", ..." : ""}`);
  return new Set(leaves.filter((name) => frozen.some((f) => within(name, f))));
}
