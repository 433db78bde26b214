/** Gauge covariance and the symmetries of the lattice: f(T U) against T f(U) for layers, S(T U) against S(U) for actions. */
import { type AlgebraField, DirectionalField, Field, type Lattice, type LinkField, type Matrix, type MatrixType, type Vector, adj, mul, record, shift } from "../autograd/index.ts";
import {
  type Isometry, chargeConjugate, gaugeTransform, gaugeTransformAlgebra, lattice as latticeOf, randomGaugeTransformation, reflection, rotation, transformAlgebra, transformLinks, translation,
} from "../gauge/index.ts";
import { EPS, NOISE_POINTS, NOISE_SPACING, noise, noiseOfTable } from "./differences.ts";
import { type CheckItem, type CheckStatus, judge, ratioOf } from "./report.ts";
import { type Checked, type Point, Probe } from "./subject.ts";
import { mapLeaves } from "../util/index.ts";
import { Curve, type Directions, namedLeaves, worstLink } from "./tangent.ts";

/**
 * What must hold (`true`) and what may be broken (`false`): the item reports by how much in any case. Without a word, translations and
 * det = 1 must hold; rotations, reflections and charge conjugation, which many layers lack, are reported as broken and fail nothing.
 */
export interface Expectation {
  readonly translations?: boolean;
  readonly rotations?: boolean;
  readonly reflections?: boolean;
  readonly chargeConjugation?: boolean;
  readonly determinant?: boolean;
}

/** Accepted deviation in units of the measured rounding noise. */
export const NOISES = 64;

const REQUIRED: Required<Expectation> = { translations: true, determinant: true, rotations: false, reflections: false, chargeConjugation: false };

/** Status of something that does not hold. */
export function statusOfBroken(kind: keyof Expectation, expect: Expectation): CheckStatus {
  if (expect[kind] === false) return "accepted";
  return (expect[kind] ?? REQUIRED[kind]) ? "fail" : "broken";
}

interface Transformation {
  readonly name: string;
  /** Which expectation it belongs to; gauge transformations belong to none. */
  readonly kind: keyof Expectation | undefined;
  links(U: LinkField): LinkField;
  parameters(p: unknown): unknown;
  /** Image of a force on U; absent when the image lives on another lattice. */
  force?(F: AlgebraField, U: LinkField): AlgebraField;
}

export function symmetryItems(probe: Probe, directions: Directions, seed: number, expect: Expectation): CheckItem[] {
  const { lattice, N } = probe.at.links;
  const g = randomGaugeTransformation(lattice, N as number, { seed });
  const { image } = probe.subject;
  const withFields = namedLeaves(probe.at.parameters).some((l) => typeof l.value !== "number");
  const all: Transformation[] = [
    { name: probe.subject.kind === "layer" ? "gauge covariance" : "gauge invariance", kind: undefined, links: (U) => gaugeTransform(U, g), parameters: (p) => transformed(p, g), force: (F) => gaugeTransformAlgebra(F, g) },
    ...lattice.extents.map((_, mu) => isometry(`translation ${lattice.axis(mu)}`, "translations", translation(lattice, lattice.step(mu)), image)),
    ...planes(lattice).map(([mu, nu]) => quarterTurn(lattice, mu, nu, image)),
    ...lattice.extents.map((_, mu) => isometry(`reflection ${lattice.axis(mu)}`, "reflections", reflection(lattice, mu), image)),
    { name: "charge conjugation", kind: "chargeConjugation", links: (U) => chargeConjugate(U), parameters: (p) => image?.(p as never, "conjugate") ?? p, force: (F) => chargeConjugate(F) },
  ];
  const sigma = roundingNoise(probe, directions);
  const reference = probe.subject.kind === "action" ? probe.value(probe.at) : probe.links(probe.at);
  return all.map((t) => {
    if (t.kind && withFields && !(image && t.force)) return { name: t.name, status: "skipped", note: "the inputs hold fields, whose image under this symmetry the check does not know" };
    if (!t.force && !probe.subject.map) return { name: t.name, status: "skipped", note: "value and force without a recorded function may belong to their lattice" };
    return item(probe, t, reference, sigma, expect);
  });
}

/** The same bits from a second call: no hidden state, no random numbers. */
export function deterministicItem(probe: Probe): CheckItem {
  const [a, b] = [0, 1].map(() => (probe.subject.kind === "action" ? probe.value(probe.at) : probe.links(probe.at))) as [number | LinkField, number | LinkField];
  const { value, reference, deviation, where } = typeof a === "number" ? numbersCompared(a, b as number) : fieldsCompared(a, b as LinkField);
  const status = judge(deviation, 0);
  return { name: "deterministic", status, value, reference, deviation, tolerance: 0, toleranceFrom: "the same program on the same numbers", ...(status === "fail" && where !== "" ? { where } : {}) };
}

function item(probe: Probe, t: Transformation, reference: number | LinkField, sigma: number, expect: Expectation): CheckItem {
  const { links: U, parameters } = probe.at;
  const image: Point = { links: t.links(U), parameters: t.parameters(parameters) };
  // another lattice (exchanged extents) needs recordings of its own
  const there = image.links.lattice === U.lattice ? probe : new Probe(probe.subject, image.links);
  const residual = typeof reference === "number" ? Math.abs(reference) * probe.subject.residual : probe.subject.residual;
  const tolerance = NOISES * (sigma + residual);
  const compared = typeof reference === "number" ? numbersCompared(there.value(image), reference) : fieldsCompared(there.links(image), t.links(reference));
  const { value, reference: expected, deviation } = compared;
  const kept = judge(deviation, tolerance) === "pass";
  const where = kept ? "" : typeof reference === "number" ? worstForce(probe, t, image) : compared.where;
  return {
    name: t.name, status: kept ? "pass" : t.kind ? statusOfBroken(t.kind, expect) : "fail", value, reference: expected, ...ratioOf(value, expected, tolerance), deviation, tolerance,
    toleranceFrom: `${NOISES} x ${residual > 0 ? "(" : ""}rounding noise ${sigma.toExponential(1)} measured by difference tables${residual > 0 ? ` + solver tolerance x size ${residual.toExponential(1)})` : ""}`, ...(where === "" ? {} : { where }),
    ...(kept ? {} : { note: `broken by ${deviation.toExponential(2)}` }),
  };
}

function numbersCompared(value: number, reference: number): ReturnType<typeof worstLink> {
  return { value, reference, deviation: Math.abs(value - reference), where: "" };
}

function fieldsCompared(a: LinkField, b: LinkField): ReturnType<typeof worstLink> {
  return worstLink(a, a.fields.map((f) => f.toArray()), b.fields.map((f) => f.toArray()));
}

/** Link at which the force breaks the symmetry most. */
function worstForce(probe: Probe, t: Transformation, image: Point): string {
  const { links: U } = probe.at;
  if (!t.force || namedLeaves(probe.at.parameters).some((l) => typeof l.value !== "number")) return "";
  const [a, b] = [probe.force(image.links), t.force(probe.force(U), U)];
  return worstLink(U, a.fields.map((f) => f.toArray()), b.fields.map((f) => f.toArray())).where;
}

/** Standard deviation of the rounding errors: of the value, or of the noisiest component of the links. */
export function roundingNoise(probe: Probe, directions: Directions): number {
  const { links: U, parameters } = probe.at;
  const curve = new Curve(U, directions.algebra(U));
  const at = (s: number): Point => ({ links: curve.at(s), parameters });
  if (probe.subject.kind === "action") return noise((s) => probe.value(at(s)));
  return fieldNoise((s) => probe.links(at(s)));
}

/** Largest noise of all components of a field that depends on s. */
export function fieldNoise(f: (s: number) => DirectionalField): number {
  const samples = NOISE_POINTS.map((k) => f(k * NOISE_SPACING).fields.map((x) => x.toArray()));
  let sigma = 0;
  samples[0]!.forEach((x, mu) =>
    x.forEach((_, i) => {
      const values = samples.map((s) => s[mu]![i]!);
      sigma = Math.max(sigma, noiseOfTable(values), (EPS / 2) * Math.max(1, Math.abs(values[0]!)));
    }),
  );
  return sigma;
}

function isometry(name: string, kind: keyof Expectation, map: Isometry, image: Checked["image"]): Transformation {
  return { name, kind, links: (U) => transformLinks(U, map), parameters: (p) => image?.(p as never, map) ?? p, force: (F, U) => transformAlgebra(F, U, map) };
}

function planes(lattice: Lattice): [number, number][] {
  return lattice.extents.flatMap((_, mu) => lattice.extents.slice(mu + 1).map((__, k): [number, number] => [mu, mu + 1 + k]));
}

/** The rotation by 90 degrees; for unequal extents the exchange of the two axes, which lives on the lattice with exchanged extents. */
function quarterTurn(lattice: Lattice, mu: number, nu: number, image: Checked["image"]): Transformation {
  const plane = `${lattice.axis(mu)}${lattice.axis(nu)}`;
  if (lattice.extents[mu] === lattice.extents[nu]) return isometry(`rotation ${plane}`, "rotations", rotation(lattice, mu, nu), image);
  const swap = <T>(x: readonly T[]): T[] => x.map((y, k) => (k === mu ? x[nu]! : k === nu ? x[mu]! : y));
  const other = latticeOf(swap(lattice.extents), { batch: lattice.batch, ...(lattice.engine.name === "js" && { backend: "js" as const }) });
  const links = (U: LinkField): LinkField => {
    const size = 2 * U.N * U.N;
    const from = swap(U.fields.map((f) => f.toArray()));
    return new DirectionalField(other, U.N as number, "links").set(
      from.map((u) => {
        const out = new Float64Array(u.length);
        const V = lattice.volume;
        for (let k = 0; k < lattice.batch * V; k++) out.set(u.subarray(k * size, (k + 1) * size), (k - (k % V) + other.site(swap(lattice.coordinates(k % V)))) * size);
        return out;
      }),
    );
  };
  return { name: `axis exchange ${plane}`, kind: "rotations", links, parameters: (p) => p };
}

/** Inputs under a gauge transformation, by their types: end points and sites say with which g they move. */
function transformed(inputs: unknown, g: Field<MatrixType>): unknown {
  return mapLeaves(inputs, (x) => {
    if (x instanceof DirectionalField) return x.role === "links" ? gaugeTransform(x as LinkField, g) : gaugeTransformAlgebra(x as AlgebraField, g);
    if (!(x instanceof Field)) return x;
    const t = x.type;
    // a product is no algebra field by its type, whatever its values are
    if (t.kind === "matrix") return new Field(g.lattice, t).set(record((h: Matrix, m: Matrix) => mul(mul(shift(h, t.start), m), adj(shift(h, t.end))), g, x as Field<MatrixType>).run(g, x as Field<MatrixType>).toArray());
    if (t.kind === "vector") return record((h: Matrix, v: unknown) => mul(shift(h, t.at), v as Vector), g, x as Field).run(g, x as Field);
    return x;
  });
}
