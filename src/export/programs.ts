/** The programs of an exported subject, recorded on a lattice without any memory: value, force and parameter gradient of an action; smeared links and pullback of a layer. */
import {
  Directional, type Lattice, type Links, type Matrix, type Scalar, type Tape, type Traced, type ValueType, add, asQuaternion, linkType, metric, mul, openTape, scalarType, scaleBy,
  siteMatrixType, tensorType, valueAndGrad, vjp,
} from "../autograd/index.ts";
import { Tensor, mapLeaves, valueAt } from "../util/index.ts";
import { type ExportSubject, fieldAt, fieldsOf, firstParameters, movedOf, withMoved } from "./subject.ts";
import type { Port, RecordedProgram } from "./recorded.ts";
import { loops, unrolled } from "./unrolled.ts";
import { onScalars } from "./weights.ts";

/** A displacement that was wrapped on one lattice, on another. */
function rewrapped(from: Lattice, to: Lattice, d: readonly number[]): readonly number[] {
  return to.wrap(from.wrap(d).map((x, mu) => (2 * x > from.extents[mu]! ? x - from.extents[mu]! : x)));
}

/** Forces of the fields that an action is a function of, from their cotangents: F with dS = (F, d phi), where fields of the algebra have the product -2 tr(X Y). */
export const fieldForces = (fields: readonly Traced[], cotangents: readonly Traced[]): readonly Traced[] =>
  cotangents.map((c, k) => (constraintOf(fields[k]!.type) === "algebra" ? scaleBy(1 / metric((c as Matrix).type.N), c) : c));

/** Does the value take any link? An action that does not is one of its fields. */
export function takesLinks(subject: ExportSubject, lattice: Lattice, N: number): boolean {
  const { program, inputs } = value(subject, lattice, N);
  const links = new Set(program.inputs.filter((_, k) => inputs[k]!.kind === "links"));
  return program.nodes.some((node) => node.inputs.some((id) => links.has(id))) || program.outputs.some((id) => links.has(id));
}

/** What the data of a field of this type obey: derivatives rest on it. */
export const constraintOf = (type: ValueType): "none" | "algebra" | "unit" => (type.kind === "matrix" && type.algebra ? "algebra" : type.kind === "spin" && type.unit ? "unit" : "none");

/** The type of the same field on another lattice, where links of SU(2) are whole matrices. */
export function retyped(type: ValueType, from: Lattice, to: Lattice): ValueType {
  if (type.kind === "matrix") return { ...asQuaternion(type, false), start: rewrapped(from, to, type.start), end: rewrapped(from, to, type.end) };
  if (type.kind === "vector") return { ...type, at: rewrapped(from, to, type.at) };
  return type;
}

/** Traced inputs of a subject on a new tape: links, and the structure of numbers and fields. */
class Recording {
  readonly tape: Tape;
  readonly ports: Port[] = [];
  readonly links: Links;
  /** Of the pullback: the force with respect to the smeared links, and a cotangent of these. */
  readonly arguments: { readonly force: Directional<number, "algebra">; readonly cotangent: readonly Matrix[] } | undefined;
  readonly inputs: unknown;
  /** Numbers and weights among the inputs. */
  readonly parameters: readonly Traced[];
  readonly #firsts: readonly number[];

  constructor(subject: ExportSubject, lattice: Lattice, N: number, cotangent: boolean) {
    const tape = openTape(lattice);
    this.tape = tape;
    const directions = lattice.extents.map((_, mu) => mu);
    const input = (type: ValueType, port: Port): Traced => {
      this.ports.push(port);
      return tape.input(type);
    };
    this.links = new Directional("links", directions.map((mu) => input(linkType(lattice, N, mu), { kind: "links", mu }) as Matrix));
    this.arguments = cotangent ? {
      force: new Directional("algebra", directions.map((mu) => input(siteMatrixType(lattice, N, true), { kind: "force", mu }) as Matrix)),
      cotangent: directions.map((mu) => input(linkType(lattice, N, mu), { kind: "cotangent", mu }) as Matrix),
    } : undefined;
    const parameters: Traced[] = [];
    this.#firsts = firstParameters(subject);
    const fields = fieldsOf(subject);
    const traced = fields.map((f, index) => input(retyped(f.field.type as ValueType, f.field.lattice, lattice), { kind: "field", index }));
    this.inputs = mapLeaves(subject.inputs, (x, path) => {
      if (typeof x !== "number" && !(x instanceof Tensor)) return traced[fieldAt(subject, fields, path)];
      const p = input(x instanceof Tensor ? tensorType(x.shape) : scalarType, { kind: "parameter", index: this.#firsts[parameters.length]! });
      parameters.push(p);
      return p;
    });
    this.parameters = parameters;
  }

  /** The inputs with other numbers and weights. */
  with(parameters: readonly Traced[], subject: ExportSubject): never {
    let k = 0;
    return mapLeaves(subject.inputs, (x, path) => (typeof x === "number" || x instanceof Tensor ? parameters[k++] : valueAt(this.inputs, path))) as never;
  }

  /** Derivatives by the parameters, and what they are. */
  gradients(values: readonly Traced[]): { readonly values: readonly Traced[]; readonly ports: readonly Port[] } {
    return { values, ports: values.map((_, k) => ({ kind: "gradient", index: this.#firsts[k]! })) };
  }

  finish(name: RecordedProgram["name"], outputs: readonly Traced[], ports: readonly Port[]): RecordedProgram {
    return onScalars({ name, program: this.tape.finish([...outputs]), inputs: this.ports, outputs: ports });
  }
}

const along = (kind: "force" | "smeared", values: readonly unknown[]): Port[] => values.map((_, mu) => ({ kind, mu }));

/**
 * All programs of a subject for links of N colours. The pullback of a layer takes the force F = sum_a T_a dS(exp(s T_a) V)/ds of an action of the smeared
 * links V to that of the thin links, and to the derivatives with respect to the parameters: with V' = exp(s X) V, dS = (F, X) = Re tr(G^+ X V), G = metric(N) F V. Smeared links
 * that leave the group have more derivatives than F: it takes a sum of such a G and one that is given, of which one is zero. Value or smeared links come first; each is recorded when it is asked for.
 */
export function* recordPrograms(subject: ExportSubject, lattice: Lattice, N: number): Generator<RecordedProgram, undefined> {
  const first = subject.kind === "layer" ? smear(subject, lattice, N) : value(subject, lattice, N);
  if (loops(first.program)) return yield* recordPrograms({ ...subject, evaluate: unrolled(subject.evaluate) }, lattice, N);
  yield first;
  if (subject.kind === "layer") {
    yield pullback(subject, lattice, N);
    return undefined;
  }
  const evaluate = subject.evaluate as (U: Links, inputs: never) => Scalar;
  // a trajectory asks for forces alone, which are faster without S: see gauge/abstract-action.ts
  for (const name of subject.linkless ? [] : (["force", "both"] as const)) {
    const b = new Recording(subject, lattice, N, false);
    const f = valueAndGrad((U: Links) => evaluate(U, b.inputs as never))(b.links) as { value: Scalar; grad: Directional<number, "algebra"> };
    const forces = along("force", f.grad.values());
    yield name === "force" ? b.finish(name, f.grad.values(), forces) : b.finish(name, [f.value, ...f.grad.values()], [{ kind: "value" }, ...forces]);
  }
  if (subject.moved) {
    const d = new Recording(subject, lattice, N, false);
    const fields = movedOf(subject, d.inputs);
    const f = valueAndGrad((x: readonly Traced[]) => evaluate(d.links, withMoved(subject, d.inputs, x)))(fields) as { value: Scalar; grad: readonly Traced[] };
    yield d.finish("fields", [f.value, ...fieldForces(fields, f.grad)], [{ kind: "value" }, ...f.grad.map((_, index): Port => ({ kind: "derivative", index }))]);
  }
  const c = new Recording(subject, lattice, N, false);
  if (c.parameters.length === 0) return undefined;
  const g = valueAndGrad((theta: readonly Traced[]) => evaluate(c.links, c.with(theta, subject)))(c.parameters) as { value: Scalar; grad: readonly Traced[] };
  const derivatives = c.gradients(g.grad);
  yield c.finish("gradient", [g.value, ...derivatives.values], [{ kind: "value" }, ...derivatives.ports]);
  return undefined;
}

function value(subject: ExportSubject, lattice: Lattice, N: number): RecordedProgram {
  const r = new Recording(subject, lattice, N, false);
  return r.finish("value", [(subject.evaluate as (U: Links, inputs: never) => Scalar)(r.links, r.inputs as never)], [{ kind: "value" }]);
}

function smear(subject: ExportSubject, lattice: Lattice, N: number): RecordedProgram {
  const r = new Recording(subject, lattice, N, false);
  const V = (subject.evaluate as (U: Links, inputs: never) => Links)(r.links, r.inputs as never).values();
  return r.finish("smear", V, along("smeared", V));
}

function pullback(subject: ExportSubject, lattice: Lattice, N: number): RecordedProgram {
  const forward = subject.evaluate as (U: Links, inputs: never) => Links;
  const r = new Recording(subject, lattice, N, true);
  type Point = { readonly U: Links; readonly theta: readonly Traced[] };
  const f = (x: Point): Links => forward(x.U, r.with(x.theta, subject));
  const V = forward(r.links, r.inputs as never);
  const { force, cotangent } = r.arguments!;
  const W = V.map((mu) => add(scaleBy(metric(N), mul(force[mu]!, V[mu]!)), cotangent[mu]!));
  const back = vjp(f)({ U: r.links, theta: r.parameters }, W) as { U: Directional<number, "algebra">; theta: readonly Traced[] };
  const derivatives = r.gradients(back.theta);
  return r.finish("pullback", [...back.U.values(), ...derivatives.values], [...along("force", back.U.values()), ...derivatives.ports]);
}

