/** Methods behind `solve`: biconjugate gradients, deflation, mixed precision. Against dense inverses, plain conjugate gradients and differences. */
import { describe, expect, test } from "vitest";
import {
  type Field, type LinkField, type Links, type Scalar, type Vector, type VectorType, type DiracOperator, SU, action, biCGStab, chiralCondensate, closedFormLinks, conjugateGradient, domainWall, dot, gaugeAction, hmc, hot, lattice, lowModes, nearUnit, pionCorrelator, pseudofermions, record, scale, solve, staggered, staggeredNormal, staggeredType, sum, targetOf, wilson, wilsonD, wilsonDdag,
  wilsonNormal, wilsonPion, wilsonType,
} from "gaugegrad";
import { Field as FieldClass, sampleOf } from "../../src/autograd/index.ts";
import { SolverError } from "../../src/errors.ts";
import { randomStream } from "../../src/util/index.ts";
import { nativeMissing } from "../compiler/backends.ts";
import { type ComplexMatrix, quotient } from "./complex-matrix.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const missing = nativeMissing();
if (missing) console.log(`mixed precision skipped: ${missing}`);

const norm = (v: Float64Array): number => Math.sqrt(v.reduce((s, x) => s + x * x, 0));
const difference = (a: Field, b: Field): number => {
  const [x, y] = [a.toArray(), b.toArray()];
  return norm(x.map((v, k) => v - y[k]!)) / norm(y);
};

/** Numbers without structure, the same everywhere. */
const fill = (b: Field<VectorType>): Field<VectorType> => b.set(Float64Array.from({ length: b.length }, (_, i) => Math.sin(1 + 2.3 * i) + Math.cos(0.7 * i * i)));
const wilsonSource = (U: LinkField): Field<VectorType> => fill(new FieldClass(U.lattice, wilsonType(U.lattice, U.N)) as Field<VectorType>);

/** A^{-1} b with A written out column by column. */
function denseSolution(apply: (x: Field<VectorType>) => Field<VectorType>, b: Field<VectorType>): Float64Array {
  const n = b.length / 2;
  const [A, rhs]: ComplexMatrix[] = [{ n, data: new Float64Array(2 * n * n) }, { n, data: new Float64Array(2 * n * n) }] as never;
  const e = b.clone();
  for (let j = 0; j < n; j++) {
    const v = new Float64Array(b.length);
    v[2 * j] = 1;
    const column = apply(e.set(v)).toArray();
    for (let i = 0; i < n; i++) for (const c of [0, 1]) A!.data[2 * (i * n + j) + c] = column[2 * i + c]!;
  }
  b.toArray().forEach((x, k) => (rhs!.data[(k >> 1) * 2 * n + (k % 2)] = x));
  const x = quotient(rhs!, A!);
  return Float64Array.from({ length: 2 * n }, (_, k) => x.data[(k >> 1) * 2 * n + (k % 2)]!);
}

describe.each(["js", "wasm"] as const)("BiCGStab on %s", (backend) => {
  test.each([0, 1.2])("Wilson operator, c_SW = %f, against the dense inverse", (clover) => {
    const geo = lattice([4, 4], { backend });
    const U = hot(geo, SU(2), { seed: 3 }) as LinkField;
    const b = wilsonSource(U);
    const D = record((V, x, k) => wilsonD(V, x, k, clover), U, b, 0.1);
    const exact = denseSolution((x) => D.run(U, x, 0.1), b);
    const { solution, converged, residual } = biCGStab((x, { V, kappa }) => wilsonD(V, x, kappa, clover), b, { inputs: { V: U, kappa: 0.1 } });
    expect(converged).toBe(true);
    expect(residual).toBeLessThan(2e-12);
    const x = solution.toArray();
    expect(norm(x.map((v, k) => v - exact[k]!)) / norm(exact)).toBeLessThan(1e-11);
  });

  test("takes fewer applications than the normal equations, and says what it did not reach", () => {
    const U = nearUnit(lattice([4, 4, 4, 4], { backend }), SU(2), { seed: 1, width: 0.4 }) as LinkField;
    const b = wilsonSource(U);
    const inputs = { V: U, kappa: 0.125 };
    const tolerance = 1e-10;
    const direct = biCGStab((x, { V, kappa }) => wilsonD(V, x, kappa), b, { inputs, tolerance });
    const rhs = record((V, x, k) => wilsonDdag(V, x, k), U, b, 0.125).run(U, b, 0.125);
    const normal = conjugateGradient((x, { V, kappa }) => wilsonNormal(V, x, kappa), rhs, { inputs, tolerance });
    expect(direct.converged && normal.converged).toBe(true);
    expect(difference(direct.solution, normal.solution)).toBeLessThan(1e-8);
    // both apply the hopping term twice an iteration
    expect(direct.iterations).toBeLessThan(0.75 * normal.iterations);
    const short = biCGStab((x, { V, kappa }) => wilsonD(V, x, kappa), b, { inputs, maxIterations: 3 });
    expect([short.converged, short.iterations]).toEqual([false, 3]);
    expect(short.residual).toBeGreaterThan(1e-6);
    expect(() => biCGStab((x, { V, kappa }) => wilsonD(V, x, kappa), b.clone().set(new Float64Array(b.length).fill(Number.NaN)), { inputs })).toThrow(SolverError);
  });
});

describe("deflation", () => {
  const geo = lattice([4, 4, 4, 4]);
  const U = nearUnit(geo, SU(3), { seed: 5, width: 0.5 }) as LinkField;
  const b = fill(new FieldClass(geo, staggeredType(geo, 3, { domain: "even" })) as Field<VectorType>);
  const A = (x: Vector, { V, mass }: { V: Links; mass: Scalar }): Vector => staggeredNormal(V, x, mass);
  const options = { inputs: { V: U, mass: 0.003 } };
  const { values, vectors } = lowModes(U, staggered({ mass: 0.003 }), { count: 12 });
  const plain = conjugateGradient(A, b, options);

  test("low modes are those of M^+M", () => {
    const apply = record((V, x, m) => staggeredNormal(V, x, m), U, b, 0.003);
    vectors.forEach((v, k) => {
      const [x, y] = [v.toArray(), apply.run(U, v, 0.003).toArray()];
      expect(Math.abs(norm(x) - 1)).toBeLessThan(1e-12);
      expect(norm(y.map((z, i) => z - values[k]! * x[i]!))).toBeLessThan(1e-5 * values[k]!);
    });
    expect(values.every((x, k) => k === 0 || x >= values[k - 1]! * (1 - 1e-9))).toBe(true);
  });

  test("saves iterations at a small mass and has the same solution", () => {
    const deflated = conjugateGradient(A, b, { ...options, deflation: vectors });
    expect(deflated.converged).toBe(true);
    expect(deflated.residual).toBeLessThan(2e-12);
    expect(difference(deflated.solution, plain.solution)).toBeLessThan(1e-8);
    expect(deflated.iterations).toBeLessThan(0.8 * plain.iterations);
  });

  test("is right for vectors that are no eigenvectors, and refuses dependent ones", () => {
    const some = [1, 2, 3].map((s) => b.clone().set(b.toArray().map((x, i) => Math.sin(s * i + x))));
    // numbers on odd sites do not belong to the field
    const onEven = some.map((v) => record((x) => scale(1, x), v).run(v).clone());
    const deflated = conjugateGradient(A, b, { ...options, deflation: onEven });
    expect(deflated.converged).toBe(true);
    expect(difference(deflated.solution, plain.solution)).toBeLessThan(1e-8);
    expect(() => conjugateGradient(A, b, { ...options, deflation: [vectors[0]!, vectors[0]!] })).toThrow(SolverError);
    expect(() => conjugateGradient(A, b, { ...options, deflation: [new FieldClass(geo, staggeredType(geo, 3)) as never] })).toThrow(/expected vectors of the same type/);
  });
});

/** Actions that are equal: |M^{-+} phi|^2 by BiCGStab, phi^+ (M^+M)^{-1} phi by conjugate gradients, plain and deflated. */
describe("derivatives go through the solve of every method", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 3, 0.7) as LinkField;
  const phi = wilsonSource(U);
  const deflation = [1, 2].map((s) => phi.clone().set(phi.toArray().map((x, i) => Math.sin(s * i + x))));
  const inputs = { phi, kappa: 0.11, v: deflation[0]!, w: deflation[1]! };
  type Traced = { readonly phi: Vector; readonly kappa: Scalar; readonly v: Vector; readonly w: Vector };
  const made = (name: string, evaluate: (V: Links, x: Traced) => Scalar) => action({ name, inputs, evaluate: evaluate as never });
  const normalSolve = (V: Links, { phi: p, kappa }: Traced, more: object): Scalar => sum(dot(p, solve((x: Vector) => wilsonNormal(V, x, kappa, 1), p, { tolerance: 1e-13, ...more })));
  const plain = made("plain", (V, x) => normalSolve(V, x, {}));
  const actions = {
    bicgstab: made("bicgstab", (V, { phi: p, kappa }) => {
      const y = solve((x: Vector) => wilsonDdag(V, x, kappa, 1), p, { method: "bicgstab", tolerance: 1e-13 });
      return sum(dot(y, y));
    }),
    deflated: made("deflated", (V, x) => normalSolve(V, x, { deflation: [x.v, x.w] })),
    ...(missing ? {} : { mixed: made("mixed", (V, x) => normalSolve(V, x, { mixed: true })) }),
  };
  test.each(Object.entries(actions))("%s", (_name, S) => {
    expect(Math.abs(S.value(U) / plain.value(U) - 1)).toBeLessThan(1e-11);
    const [F, G] = [forceNorms(S.force(U)), forceNorms(plain.force(U))];
    expect(Math.abs(F.F2 / G.F2 - 1)).toBeLessThan(1e-9);
    expect(Math.abs(F.dSX - alongDirection((V) => S.value(V), U, 0.02)) / Math.abs(F.dSX)).toBeLessThan(1e-7);
    const [p, q] = [S.parameterGradient(U).gradient, plain.parameterGradient(U).gradient] as unknown as { kappa: number; phi: Field; v: Field }[];
    expect(Math.abs(p!.kappa / q!.kappa - 1)).toBeLessThan(1e-9);
    expect(difference(p!.phi, q!.phi)).toBeLessThan(1e-9);
    // the solution does not depend on the space that is deflated
    expect(norm(p!.v.toArray())).toBe(0);
  });
});

/** Iterations between what solves at a mass of 0.003 need with twelve modes and without. */
const LIMIT = 100;

describe("pseudofermions and measurements", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2 as number, 0.7) as LinkField;
  const place = { lattice: geo, group: SU(2 as number), flavours: 2 };

  test.each(["bicgstab", ...(missing ? [] : ["mixed" as const])] as const)("%s draws the same field and has the same action", (solver) => {
    for (const operator of [wilson({ kappa: 0.15, clover: 1 }), wilson({ kappa: 0.15, evenOdd: true }), domainWall({ mass: 0.1, Ls: 4 })] as DiracOperator[]) {
      const [f, g] = [pseudofermions(operator, { ...place, solver }), pseudofermions(operator, place)];
      for (const x of [f, g]) x.refresh(U, 3, randomStream(5));
      expect(difference(f.phi, g.phi)).toBeLessThan(1e-9);
      expect(Math.abs(f.value(U) / g.value(U) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(forceNorms(f.force(U)).F2 / forceNorms(g.force(U)).F2 - 1)).toBeLessThan(1e-8);
    }
  });

  test("the error that a loose tolerance makes in the energy is found", () => {
    const f = pseudofermions(wilson({ kappa: 0.15 }), { ...place, solver: "bicgstab", tolerance: 1e-5 });
    const g = pseudofermions(wilson({ kappa: 0.15 }), { ...place, tolerance: 1e-12 });
    f.refresh(U, 1, randomStream(5));
    g.phi.copyFrom(f.phi);
    const error = Math.abs(f.value(U) - g.value(U));
    expect(error).toBeGreaterThan(1e-8);
    expect(Math.abs(f.solveError(U) / error - 1)).toBeLessThan(0.05);
  });

  test("modes that are found at each refresh: the same field, action, force and trajectory in fewer iterations, reversible", () => {
    const thin = lattice([4, 4, 4, 4]);
    const V = nearUnit(thin, SU(3), { seed: 5, width: 0.5 }) as LinkField;
    const make = (deflate?: number) => pseudofermions(staggered({ mass: 0.003 }), { lattice: thin, group: SU(3 as number), flavours: 4, tolerance: 1e-11, ...(deflate ? { deflate } : {}) });
    const [f, g] = [make(12), make()];
    expect(f.action.inputs.modes).toHaveLength(12);
    expect(g.action.inputs).not.toHaveProperty("modes");
    // before a refresh any space will do
    f.drawFrom(V, fill(new FieldClass(thin, staggeredType(thin, 3 as number)) as never));
    expect(f.value(V)).toBeGreaterThan(0);
    const step = (x: typeof f) => {
      const gauge = gaugeAction.wilson({ beta: 5.7 });
      const W = V.clone();
      const sampler = hmc<number>({ action: targetOf(gauge.plus(x.action as never) as never, x as never), integrator: "omelyan", steps: 3, length: 0.1, seed: 4 });
      const { maxDifference } = sampler.reversibility(W);
      return { ...sampler.step(W), maxDifference, links: W.toArray(2) };
    };
    const [a, b] = [step(f), step(g)];
    expect(difference(f.phi, g.phi)).toBeLessThan(1e-9);
    expect(Math.abs(a.dH - b.dH)).toBeLessThan(1e-6);
    expect(norm(a.links.map((x, k) => x - b.links[k]!))).toBeLessThan(1e-6);
    expect(a.maxDifference).toBeLessThan(1e-8);
    // the second run of the same trajectory has the same bits
    expect(step(f).links).toEqual(a.links);
    // solves that fail without deflation succeed with it
    const short = (deflate?: number) => {
      const x = pseudofermions(staggered({ mass: 0.003 }), { lattice: thin, group: SU(3 as number), flavours: 4, tolerance: 1e-9, maxIterations: LIMIT, ...(deflate ? { deflate } : {}) });
      x.refresh(V, 0, randomStream(1));
      return x.value(V);
    };
    expect(short(12)).toBeGreaterThan(0);
    expect(() => short()).toThrow(SolverError);
    expect(() => make(1e6)).toThrow(/components of the field/);
    expect(() => pseudofermions(wilson({ kappa: 0.1 }), { ...place, solver: "bicgstab", deflate: 2 })).toThrow(/got deflate = 2 with the solver "bicgstab"/);
    expect(() => pseudofermions(staggered({ mass: 0.1 }), { ...place, flavours: 1, deflate: 2 })).toThrow(/got deflate = 2 with the power/);
  });

  test("roots and even blocks are refused", () => {
    expect(() => pseudofermions(wilson({ kappa: 0.1 }), { ...place, flavours: 1, interval: [0.1, 5], solver: "bicgstab" })).toThrow(/roots are many shifted systems/);
    expect(() => pseudofermions(staggered({ mass: 0.1 }), { ...place, solver: "bicgstab" })).toThrow(/D\^\+D is hermitian there/);
  });

  test("propagators and condensates do not depend on the method", () => {
    const options = { kappa: 0.18, clover: 1 };
    const { PP } = wilsonPion(U, options);
    for (const more of [{ solver: "bicgstab" as const }, { deflate: 5 }]) wilsonPion(U, { ...options, ...more }).PP.forEach((x, t) => expect(Math.abs(x / PP[t]! - 1)).toBeLessThan(1e-9));
    const noise = { mass: 0.02, method: { sources: 3, seed: 2 } };
    expect(Math.abs(chiralCondensate(U, { ...noise, deflate: 4 }).value / chiralCondensate(U, noise).value - 1)).toBeLessThan(1e-9);
    const C = pionCorrelator(U, { mass: 0.02 });
    pionCorrelator(U, { mass: 0.02, deflate: 4 }).forEach((x, t) => expect(Math.abs(x / C[t]! - 1)).toBeLessThan(1e-9));
    expect(() => wilsonPion(U, { ...options, solver: "bicgstab", deflate: 2 })).toThrow(/deflation belongs to "cg"/);
  });
});

test("every sample of a batch has the solution that it has alone", () => {
  const geo = lattice([4, 4], { batch: 3 });
  const U = hot(geo, SU(2), { seed: 3 }) as LinkField;
  const b = wilsonSource(U);
  const v = b.clone().set(b.toArray().map((x, i) => Math.sin(i + x)));
  const both = (V: LinkField, rhs: Field<VectorType>, w: Field<VectorType>): Field[] => [
    biCGStab((x, { W, kappa }) => wilsonD(W, x, kappa), rhs, { inputs: { W: V, kappa: 0.1 } }).solution as Field,
    conjugateGradient((x, { W, kappa }) => wilsonNormal(W, x, kappa), rhs, { inputs: { W: V, kappa: 0.1 }, deflation: [w] }).solution as Field,
  ];
  const all = both(U, b, v);
  for (let k = 0; k < 3; k++) both(sampleOf(U, k), sampleOf(b, k), sampleOf(v, k)).forEach((x, i) => expect(difference(sampleOf(all[i]!, k), x)).toBeLessThan(1e-11));
});

test("options that do not go together", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2, 0.7) as LinkField;
  const b = wilsonSource(U);
  const recorded = (options: object) => () => record((V, x, k) => solve((y: Vector) => wilsonNormal(V, y, k), x, options), U, b, 0.1);
  expect(recorded({ method: "bicgstab", shift: 1 })).toThrow(/belong to "cg"/);
  expect(recorded({ method: "lu" })).toThrow(/method/);
  expect(recorded({ mixed: true, shift: 1 })).toThrow(/neither of them/);
});
