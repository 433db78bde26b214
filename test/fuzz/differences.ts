/**
 * Derivatives of a random program against finite differences of its values: rules that are wrong are wrong on all backends. Both sides are numbers of the interpreter. What the differences
 * themselves are good for is seen by halving the step.
 */
import { type Matrix, type Program, type Spin, type Traced, type ValueType, add, exp, mul, normalise, openTape, scaleBy } from "../../src/autograd/index.ts";
import { evaluate } from "../../src/compiler/interpret/evaluate.ts";
import { plainLattice } from "./generate.ts";
import { leafTypes } from "./inputs.ts";
import { type FuzzProgram, noise } from "./program.ts";
import { recorded } from "./record.ts";

/** Noise below which a program takes part: they cost a dozen runs of the interpreter each. */
const SHARE = -0.4;
const STEP = 2e-3;
/** Of what is compared, beyond the error of the differences: solves are good to 1e-12, divided by the step. */
const RELATIVE = 3e-8;

const largest = (x: Float64Array): number => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const outputs = (program: Program, inputs: readonly Float64Array[]): Float64Array[] => {
  const values = evaluate(program, inputs);
  return program.outputs.map((id) => values[id]!);
};

/** Inputs moved along a tangent: x + s v, links exp(s v) x, unit vectors on the sphere. */
function mover(p: FuzzProgram): (x: readonly Float64Array[], v: readonly Float64Array[], s: number) => Float64Array[] {
  const lattice = plainLattice(p.extents, p.batch);
  const kinds = p.inputs.flatMap((input) => leafTypes(lattice, p.N, input).map((type) => ({ type, link: input.kind === "links" })));
  return (x, v, s) =>
    kinds.map(({ type, link }, k) => {
      if (!link && !(type.kind === "spin" && type.unit)) return x[k]!.map((y, i) => y + s * v[k]![i]!);
      const tape = openTape(lattice);
      const tangent: ValueType = link ? ({ ...type, end: (type as Matrix["type"]).start, algebra: true } as ValueType) : ({ ...type, unit: false } as ValueType);
      const [y, t] = [tape.input(link ? type : tangent), tape.input(tangent)];
      const moved: Traced = link ? mul(exp(scaleBy(s, t as Matrix)), y as Matrix) : normalise(add(y, scaleBy(s, t)) as Spin);
      return outputs(tape.finish([moved]), [x[k]!, v[k]!])[0]!;
    });
}

/**
 * Is a program, of those with derivatives along a direction, held against differences? Some of the small ones are. Not what is said to have no derivative, nor gradients on spheres, whose
 * derivative here is the part in the tangent plane.
 */
export function compared(p: FuzzProgram): boolean {
  const sites = p.extents.reduce((v, L) => v * L, p.batch ?? 1);
  if (p.mode !== "jvp" && (p.mode !== "hvp" || p.inputs.some(({ kind }) => kind.startsWith("unitspin")))) return false;
  return sites <= 40 && p.statements.length <= 9 && !p.statements.some(({ op }) => op === "detach") && noise(1, p.seed, 850)[0]! < SHARE;
}

/** The first difference of a jvp from differences of the values, or of an hvp from those of the gradient; undefined where rounding and the step explain all. */
export function wrongDerivative(p: FuzzProgram): string | undefined {
  const again = p.mode === "hvp";
  const [f, d] = [recorded({ ...p, mode: again ? "grad" : "value" }), recorded(p)];
  const n = f.inputs.length;
  const [x, v] = [d.inputs.slice(0, n), d.inputs.slice(n)];
  const move = mover(p);
  const at = (s: number): Float64Array[] => outputs(f.program, move(x, v, s)).slice(again ? f.program.outputs.length - n : 0);
  const difference = (h: number): Float64Array[] => {
    const [a, b, c, e] = [at(h), at(-h), at(2 * h), at(-2 * h)];
    return a!.map((y, j) => y.map((_, k) => (8 * (y[k]! - b![j]![k]!) - (c![j]![k]! - e![j]![k]!)) / (12 * h)));
  };
  const [wide, narrow, here] = [difference(STEP), difference(STEP / 2), at(0)];
  const got = outputs(d.program, d.inputs);
  for (const [j, y] of got.entries()) {
    const error = y.reduce((m, _, k) => Math.max(m, Math.abs(wide[j]![k]! - narrow[j]![k]!)), 0);
    const allowed = 3 * error + RELATIVE * (largest(here[j]!) + largest(y));
    for (const [k, z] of y.entries()) if (!(Math.abs(z - narrow[j]![k]!) <= allowed)) return `${again ? "second derivative" : "derivative"} ${j}, number ${k}: got ${z}, differences give ${narrow[j]![k]} within ${allowed.toExponential(1)}`;
  }
  return undefined;
}
