/** `check(subject, U)`: everything that must hold for an action or a layer, in one call. */
import type { LinkField } from "../autograd/index.ts";
import { randomStream } from "../util/index.ts";
import { groupOf } from "../gauge/index.ts";
import { derivativeItems } from "./derivatives.ts";
import { closureItem, reversibilityItem, unitarityItems } from "./group.ts";
import { CheckReport } from "./report.ts";
import { Probe, type Subject, checked } from "./subject.ts";
import { type Expectation, deterministicItem, symmetryItems } from "./symmetries.ts";
import { Directions } from "./tangent.ts";

export interface CheckOptions {
  /** Seed of the random directions and of the gauge transformation. Default 0. */
  readonly seed?: number;
  /** What must hold and what may be broken, for instance `{ reflections: true, translations: false }`. */
  readonly expect?: Expectation;
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
 * Tolerances follow from the rounding noise measured at U and the step of the differences, never from a fixed number.
 * @throws CovarianceError, RecordingError when the forward map cannot be recorded.
 */
export function check(subject: Subject, U: LinkField, options: CheckOptions = {}): CheckReport {
  const { seed = 0, expect = {} } = options;
  const what = checked(subject, U);
  const probe = new Probe(what, U);
  const directions = new Directions(randomStream(seed));
  const items = [
    deterministicItem(probe),
    ...derivativeItems(probe, directions),
    ...symmetryItems(probe, directions, seed, expect),
    ...(what.kind === "layer" ? unitarityItems(probe, directions, expect) : [closureItem(probe), reversibilityItem(probe, directions)]),
  ];
  return new CheckReport({ name: what.name, kind: what.kind, group: groupOf(U.N as number).name, lattice: U.lattice.extents, seed }, items);
}
