/** Numbers of an exported subject on closed-form fields, made by this library: what test.c of the exported one compares with. */
import { type Directional, type AlgebraField, Field, type LinkField, type Links, Plan, type Scalar, type Traced, type ValueType, components, domainOf, metric, mul, scalarType, scaleBy, valueAndGrad, vjp } from "../autograd/index.ts";
import { directionField, exponentialLinks, lattice } from "../gauge/index.ts";
import { Tensor, leavesOf, mapLeaves } from "../util/index.ts";
import type { LibrarySpec } from "./spec.ts";
import { constraintOf, fieldForces, recordPrograms, retyped } from "./programs.ts";
import { type ExportSubject, fieldAt, fieldsOf, movedOf, numberOf, withMoved } from "./subject.ts";

/** Links are exp(KAPPA X). */
export const KAPPA = 0.4;
/** Entries of fields that are compared. */
export const ENTRIES = 12;

/** One lattice. Entries are numbers of the ILDG record, the i-th at (i * STEP) modulo its length. */
export interface ReferenceCase {
  readonly extents: readonly number[];
  /** Of an action. */
  readonly value?: number;
  readonly gradient: readonly number[];
  /** sum over links of (F, F). */
  readonly norm: number;
  readonly force: readonly number[];
  /** Of each field that an action is a function of: the norm of its force, and entries of it. */
  readonly fields: readonly { readonly norm: number; readonly force: readonly number[] }[];
  /** Of a layer. */
  readonly smeared?: readonly number[];
  /** Solutions that the host gives, all numbers of each. */
  readonly solutions: readonly Float64Array[];
}

export const STEP = 7919;

/** The part of a site's numbers that obeys the constraint of their field. */
function constrain(x: Float64Array, type: ValueType): void {
  const size = type.kind === "spin" ? Math.hypot(...x) : 1;
  x.forEach((y, c) => (x[c] = y / size));
  if (type.kind !== "matrix") return;
  const { N } = type;
  const m = x.slice();
  let trace = 0;
  for (let i = 0; i < N; i++) trace += m[2 * (i * N + i) + 1]!;
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const [a, b] = [2 * (i * N + j), 2 * (j * N + i)];
      x[a] = (m[a]! - m[b]!) / 2;
      x[a + 1] = (m[a + 1]! + m[b + 1]!) / 2 - (i === j && N > 1 ? trace / N : 0);
    }
}

/** Closed-form data of a host field: component c at n is sin(0.3 + 0.7 c + 0.41 (x + 2y + 3z + 5t)), of which the constraint takes a part. */
function fieldData(field: Field): Float64Array {
  const { lattice: L, type } = field;
  const n = components(type as ValueType);
  const domain = domainOf(type as ValueType);
  const data = new Float64Array(L.volume * n);
  for (let site = 0; site < L.volume; site++) {
    if (domain !== "all" && (L.parity(site) === 0) !== (domain === "even")) continue;
    const p = L.coordinates(site).reduce((s, x, mu) => s + [1, 2, 3, 5][mu]! * x, 0);
    for (let c = 0; c < n; c++) data[site * n + c] = Math.sin(0.3 + 0.7 * c + 0.41 * p);
    if (constraintOf(type as ValueType) !== "none") constrain(data.subarray(site * n, (site + 1) * n), type as ValueType);
  }
  return data;
}

/** Extents of the tests: those asked for, and others where the library takes them. */
export function testExtents({ portable, dim }: LibrarySpec, extents: readonly number[]): number[][] {
  const { fixed, even, least, solutions } = portable;
  // solutions are written down whole
  if (fixed.every((L) => L > 0) || solutions.length > 0) return [[...extents]];
  const other = [[6, 4, 8, 4], [3, 5, 2, 7]].map((shape) => shape.slice(0, dim).map((L, mu) => fixed[mu]! || Math.max(least[mu]!, even[mu]! ? L + (L % 2) : L)));
  return [[...extents], ...other].filter((e, k, all) => all.findIndex((x) => x.join() === e.join()) === k);
}

/** Entries of a directional field in the order of the ILDG record. */
function entries(field: LinkField | AlgebraField): number[] {
  const size = 2 * field.N * field.N;
  const data = field.fields.map((f) => f.toArray());
  const { volume, dim } = field.lattice;
  return Array.from({ length: ENTRIES }, (_, i) => {
    const at = (i * STEP) % (volume * dim * size);
    const link = Math.floor(at / size);
    return data[link % dim]![Math.floor(link / dim) * size + (at % size)]!;
  });
}

function normOf(F: AlgebraField): number {
  let s = 0;
  for (const f of F.fields) for (const x of f.toArray()) s += x * x;
  return metric(F.N) * s;
}

/** The inputs of a subject with closed-form fields on another lattice. */
function inputsOn(subject: ExportSubject, L: LinkField["lattice"]): unknown {
  const fields = fieldsOf(subject);
  const made = fields.map((f) => {
    const field = new Field(L, retyped(f.field.type as ValueType, f.field.lattice, L));
    return field.set(fieldData(field));
  });
  return mapLeaves(subject.inputs, (x, path) => (typeof x === "number" || x instanceof Tensor ? x : made[fieldAt(subject, fields, path)]));
}

/** The solutions that the host of an action gives, from the solves of the action itself. */
function solutionsOn({ subject, portable }: LibrarySpec, U: LinkField, inputs: unknown): Float64Array[] {
  if (portable.solutions.length === 0) return [];
  const L = U.lattice;
  const { program, inputs: ports } = recordPrograms(subject, L, U.N).next().value!;
  const leaves = leavesOf(inputs).map(({ value }) => value);
  const numbers = leaves.flatMap((x) => (typeof x === "number" ? [x] : x instanceof Tensor ? Array.from(x.data) : []));
  const fields = [...new Set(leaves.filter((x) => x instanceof Field))];
  const scalar = (x: number): Field => {
    const field = new Field(L, scalarType as ValueType);
    L.engine.writeScalar(field.storage, x);
    return field;
  };
  const given = ports.map((p) => (p.kind === "links" ? U.fields[p.mu]! : p.kind === "field" ? fields[p.index]! : scalar(p.kind === "parameter" ? numbers[p.index]! : 0)));
  return portable.solutions.map(({ field, shift }) => {
    const rhs = program.inputs[ports.findIndex((p) => p.kind === "field" && p.index === field)];
    const id = program.nodes.findIndex(({ op, inputs: from, attributes }) => op.role?.is === "solve" && op.role.system(attributes).shift === shift && from.at(-1) === rhs);
    const { nodes, inputs: entries } = program;
    const out = new Field(L, nodes[id]!.type as ValueType);
    L.engine.compile({ lattice: L, nodes, inputs: entries, outputs: [id], key: `solution ${field} ${shift}` }).run(given.map((f) => f.storage), [out.storage]);
    return out.toArray();
  });
}

/** The numbers of an action, by the very functions that its samplers call. */
function ofAction(spec: LibrarySpec, U: LinkField, inputs: unknown): Omit<ReferenceCase, "extents" | "solutions"> {
  const evaluate = spec.subject.evaluate as (U: Links, inputs: unknown) => Scalar;
  const { subject } = spec;
  const force = subject.linkless ? undefined : (new Plan(((V: Links, p: unknown) => valueAndGrad((W: Links) => evaluate(W, p))(V)) as never, [U, inputs]).fresh(U, inputs) as unknown as { value: number; grad: AlgebraField });
  const derivatives = (V: Links, p: unknown): readonly Traced[] => {
    const at = movedOf(subject, p);
    return fieldForces(at, (valueAndGrad((x: readonly Traced[]) => evaluate(V, withMoved(subject, p, x)))(at) as { grad: readonly Traced[] }).grad);
  };
  const moved = subject.moved ? (new Plan(derivatives as never, [U, inputs]).fresh(U, inputs) as unknown as readonly Field[]) : [];
  const fields = moved.map((f) => {
    const data = f.toArray();
    return { norm: data.reduce((s, x) => s + x * x, 0), force: Array.from({ length: ENTRIES }, (_, i) => data[(i * STEP) % data.length]!) };
  });
  const all = spec.parameters.length === 0 ? undefined : (new Plan(((V: Links, p: unknown) => (valueAndGrad((q: unknown) => evaluate(V, q))(p as never) as { grad: unknown }).grad) as never, [U, inputs]).fresh(U, inputs) as unknown);
  return { value: force?.value ?? (new Plan(evaluate as never, [U, inputs]).fresh(U, inputs) as unknown as number), norm: force ? normOf(force.grad) : 0, force: force ? entries(force.grad) : [], fields, gradient: spec.parameters.map((p) => numberOf(all, p)) };
}

function ofLayer(spec: LibrarySpec, U: LinkField, X: AlgebraField, inputs: unknown): Omit<ReferenceCase, "extents" | "solutions"> {
  const forward = spec.subject.evaluate as (U: Links, inputs: unknown) => Links;
  const smeared = new Plan(forward as never, [U, inputs]).fresh(U, inputs) as unknown as LinkField;
  const back = new Plan(((V: Links, F: Directional<number, "algebra">, p: unknown) => {
    const W = forward(V, p);
    return vjp((x: { U: Links; p: unknown }) => forward(x.U, x.p))({ U: V, p }, W.map((mu) => scaleBy(metric(spec.N), mul(F[mu]!, W[mu]!))));
  }) as never, [U, X, inputs]).fresh(U, X, inputs) as unknown as { U: AlgebraField; p: unknown };
  return { smeared: entries(smeared), norm: normOf(back.U), force: entries(back.U), fields: [], gradient: spec.parameters.map((p) => numberOf(back.p, p)) };
}

/** Numbers on every lattice of the tests. */
export function referenceCases(spec: LibrarySpec, extents: readonly number[]): readonly ReferenceCase[] {
  return testExtents(spec, extents).map((e) => {
    const L = lattice(e, { threads: 1 });
    const X = directionField(L, spec.N);
    const U = exponentialLinks(X, KAPPA);
    const inputs = inputsOn(spec.subject, L);
    return { extents: e, solutions: solutionsOn(spec, U, inputs), ...(spec.subject.kind === "action" ? ofAction(spec, U, inputs) : ofLayer(spec, U, X, inputs)) };
  });
}

