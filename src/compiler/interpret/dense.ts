/** Determinants and derivatives of traces as in the textbook: matrices column by column, elimination with pivots, one column after the other differentiated. */
import { type DenseWork, type Node, type Program, type VectorType, components, domainOf, pullOf, spinOf } from "../../autograd/index.ts";
import { SolverError } from "../../errors.ts";
import { overlapOf } from "./overlap.ts";
import { type Dense, eliminated, times } from "./matrices.ts";

type Run = (program: Program, inputs: readonly Float64Array[]) => Float64Array[];

/** Where the complex components of a vector that live on its sites stand in canonical data. */
function placesOf({ lattice }: Program, type: VectorType): number[] {
  const [n, domain] = [components(type) / 2, domainOf(type)];
  return Array.from({ length: lattice.volume * n }, (_, k) => k).flatMap((k) => (domain === "all" || lattice.parity(Math.floor(k / n)) === (domain === "even" ? 0 : 1) ? [2 * k] : []));
}

/** The value of a node on dense matrices; `run` evaluates the programs of its factors. */
export function dense({ type, attributes, op }: Node, operands: readonly Float64Array[], run: Run): Float64Array {
  const { factors, gradient, positive, overlap } = (op.role as { work: (a: Node["attributes"]) => DenseWork }).work(attributes);
  let first = 0;
  const list = factors.map(({ operator, inverse }) => {
    const captured = operands.slice(first, (first += operator.inputs.length - 1));
    const vector = operator.nodes[operator.inputs.at(-1)!]!.type as VectorType;
    const places = placesOf(operator, vector);
    const unit = (p: number): Float64Array => {
      const x = new Float64Array(components(vector) * operator.lattice.volume);
      x[p] = 1;
      return x;
    };
    const columns = places.map((p) => run(operator, [...captured, unit(p)])[operator.outputs[0]!]!);
    const A: Dense = places.map((p) => Float64Array.from({ length: 2 * places.length }, (_, j) => columns[j >> 1]![p + (j % 2)]!));
    return { operator, inverse, captured, vector, places, unit, A };
  });
  const made: (ReturnType<typeof eliminated> & { readonly mass?: number }) | undefined = overlap ? overlapOf(list[0]!.A, overlap, operands[first]![0]!, spinOf(list[0]!.vector)) : list.length === 1 ? eliminated(list[0]!.A) : undefined;
  if (positive && made && !(made.phase[0] > 0 && Math.abs(made.phase[1]) < 1e-6)) throw new SolverError(`logDet: the determinant has the phase ${made.phase[0]}, expected a positive one`);
  if (!gradient) return Float64Array.of(made!.logAbs);
  const f = list[gradient.factor]!;
  if (made?.mass !== undefined && gradient.input === f.captured.length) return Float64Array.of(made.mass);
  const others = list.map((_, k) => list[(gradient.factor + k) % list.length]!).slice(1);
  const K = made ? made.inverse : others.map((o) => (o.inverse ? eliminated(o.A).inverse : o.A)).reduce(times);
  const pull = pullOf(f.operator, [f.vector], 1);
  const out = new Float64Array(type.kind === "scalar" ? 1 : components(type) * f.operator.lattice.volume);
  f.places.forEach((p, j) => {
    const y = new Float64Array(f.unit(p).length);
    f.places.forEach((q, i) => y.set([K[j]![2 * i]!, -K[j]![2 * i + 1]!], q));
    run(pull, [...f.captured, f.unit(p), y])[pull.outputs[gradient.input]!]!.forEach((v, k) => (out[k]! += v));
  });
  return out;
}
