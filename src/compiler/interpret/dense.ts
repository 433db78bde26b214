/** Determinants and derivatives of traces as in the textbook: matrices column by column, elimination with pivots, one column after the other differentiated. */
import { type DenseWork, type Node, type Program, type VectorType, components, domainOf, pullOf } from "../../autograd/index.ts";
import { SolverError } from "../../errors.ts";

type Run = (program: Program, inputs: readonly Float64Array[]) => Float64Array[];
/** Rows of (re, im). */
type Dense = Float64Array[];

/** Where the complex components of a vector that live on its sites stand in canonical data. */
function placesOf({ lattice }: Program, type: VectorType): number[] {
  const [n, domain] = [components(type) / 2, domainOf(type)];
  return Array.from({ length: lattice.volume * n }, (_, k) => k).flatMap((k) => (domain === "all" || lattice.parity(Math.floor(k / n)) === (domain === "even" ? 0 : 1) ? [2 * k] : []));
}

function times(a: Dense, b: Dense): Dense {
  return a.map((row) => {
    const out = new Float64Array(b[0]!.length);
    for (let k = 0; k < b.length; k++)
      for (let j = 0; j < out.length; j += 2) {
        out[j]! += row[2 * k]! * b[k]![j]! - row[2 * k + 1]! * b[k]![j + 1]!;
        out[j + 1]! += row[2 * k]! * b[k]![j + 1]! + row[2 * k + 1]! * b[k]![j]!;
      }
    return out;
  });
}

/** ln |det A|, det A / |det A|, and A^{-1}, by Gauss and Jordan on (A, 1). */
function eliminated(given: Dense): { logAbs: number; phase: [number, number]; inverse: Dense } {
  const n = given.length;
  const a = given.map((row, i) => Float64Array.from({ length: 4 * n }, (_, k) => (k < 2 * n ? row[k]! : k === 2 * (n + i) ? 1 : 0)));
  let logAbs = 0;
  let phase: [number, number] = [1, 0];
  for (let k = 0; k < n; k++) {
    const size = (i: number): number => Math.hypot(a[i]![2 * k]!, a[i]![2 * k + 1]!);
    let best = k;
    for (let i = k + 1; i < n; i++) if (size(i) > size(best)) best = i;
    if (!(size(best) > 0)) throw new SolverError(`LU: no pivot in column ${k}, expected a matrix that is not singular`);
    if (best !== k) {
      [a[k], a[best]] = [a[best]!, a[k]!];
      phase = [-phase[0], -phase[1]];
    }
    const [re, im, s] = [a[k]![2 * k]!, a[k]![2 * k + 1]!, size(k)];
    logAbs += Math.log(s);
    phase = [(phase[0] * re - phase[1] * im) / s, (phase[0] * im + phase[1] * re) / s];
    const row = a[k]!;
    for (let j = 0; j < row.length; j += 2) [row[j], row[j + 1]] = [(row[j]! * re + row[j + 1]! * im) / (s * s), (row[j + 1]! * re - row[j]! * im) / (s * s)];
    for (let i = 0; i < n; i++) {
      const [fr, fi] = [a[i]![2 * k]!, a[i]![2 * k + 1]!];
      if (i === k || (fr === 0 && fi === 0)) continue;
      for (let j = 0; j < row.length; j += 2) {
        a[i]![j]! -= fr * row[j]! - fi * row[j + 1]!;
        a[i]![j + 1]! -= fr * row[j + 1]! + fi * row[j]!;
      }
    }
  }
  return { logAbs, phase, inverse: a.map((row) => row.slice(2 * n)) };
}

/** The value of a node on dense matrices; `run` evaluates the programs of its factors. */
export function dense({ type, attributes, op }: Node, operands: readonly Float64Array[], run: Run): Float64Array {
  const { factors, gradient, positive } = (op.role as { work: (a: Node["attributes"]) => DenseWork }).work(attributes);
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
  const made = list.length === 1 ? eliminated(list[0]!.A) : undefined;
  if (positive && made && !(made.phase[0] > 0 && Math.abs(made.phase[1]) < 1e-6)) throw new SolverError(`logDet: the determinant has the phase ${made.phase[0]}, expected a positive one`);
  if (!gradient) return Float64Array.of(made!.logAbs);
  const f = list[gradient.factor]!;
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
