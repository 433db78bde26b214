/** `check(subject, U)`: everything that must hold for an action or a layer, in one call. */
import { DirectionalField, Field, type LinkField, type Links, kind } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { guard, is, randomStream } from "../util/index.ts";
import { FieldAction, groupOf } from "../gauge/index.ts";
import { type BijectionSubject, bijectionItems, isBijection } from "./bijection.ts";
import { derivativeItems } from "./derivatives.ts";
import { checkFields } from "./fields.ts";
import { closureItem, reversibilityItem, unitarityItems } from "./group.ts";
import { CheckReport } from "./report.ts";
import { Probe, type Subject, checked } from "./subject.ts";
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
 * Jacobian by differences, on a small lattice, step by step; its sign; whether links that move in one step depend on each other; F^-1(F(V)) = V.
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

/** The map as a layer, its log det as an action, and what belongs to both. Masks break translations: these are reported, and required where `expect` says so. */
function checkBijection(F: BijectionSubject, U: LinkField, options: CheckOptions): CheckReport {
  const { seed = 0, expect = {} } = options;
  const { parameters } = F;
  const map = check({ name: F.name, parameters, forward: (V, p) => F.forward(V, p).links }, U, { ...options, expect: { translations: false, ...expect } });
  const about = { ...map.subject, kind: "bijection" as const };
  if (map.items.length === 1) return new CheckReport(about, map.items);
  const density = check({ name: F.name, inputs: parameters, evaluate: (V: Links, p: never) => F.forward(V, p).logDet }, U, { ...options, expect: { translations: false } });
  const wanted = ["gradient", "parameter gradient", "second order", "gauge invariance"];
  const ofLogDet = density.items.filter((i) => wanted.includes(i.name)).map((i) => ({ ...i, name: `log det: ${i.name}` }));
  return new CheckReport(about, [...bijectionItems(F, U, seed), ...ofLogDet, ...map.items]);
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
