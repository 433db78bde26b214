/** Derivatives of recorded functions against finite differences along the group, and the errors of recording. */
import { describe, expect, test } from "vitest";
import {
  type Algebras, DirectionalField, type AlgebraField, Field, type LinkField, type Links, type Matrix, type Scalar, type ValueType, type Vector, abs2, cdot, logDet, openTape, add, adj, checkpoint, solve, exp, grad, hvp, jvp, mul, pairing,
  print, reTrace, record, scale, scaleBy, shift, square, sub, sum, ta, toGraphviz, valueAndGrad, vjp, vectorType, siteMatrixType, trace,
} from "../../src/autograd/index.ts";
import { closedFormLinks, directionField, lattice, plaquette, staples } from "../../src/gauge/index.ts";

function wilsonSum(U: Links): Scalar {
  const terms = [];
  for (let mu = 0; mu < U.dim; mu++) for (let nu = mu + 1; nu < U.dim; nu++) terms.push(reTrace(plaquette(U, mu, nu)));
  return sum(add(terms[0]!, ...terms.slice(1)));
}

const stout = (rho: Scalar | number) => (U: Links): Links => U.map((mu) => mul(exp(ta(scale(rho, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
const smeared = (U: Links): Scalar => wilsonSum(stout(0.12)(stout(0.08)(U)));

/** exp(s X) U. */
function moved(U: LinkField, X: AlgebraField, s: number): LinkField {
  const V = new DirectionalField(U.lattice, U.N, "links");
  const plan = record((u: Links, x: Algebras, e: Scalar) => u.map((mu) => mul(exp(scale(e, x[mu]!)), u[mu]!)), U, X, s);
  plan.runInto(V as never, U, X, s);
  return V;
}

function derivative(f: (s: number) => number, h: number): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

function inner(a: AlgebraField, b: AlgebraField): number {
  const m = a.N === 1 ? 1 : 2;
  let s = 0;
  for (let mu = 0; mu < a.fields.length; mu++) {
    const [x, y] = [a.toArray(mu), b.toArray(mu)];
    for (let k = 0; k < x.length; k++) s += x[k]! * y[k]!;
  }
  return m * s;
}

for (const [extents, N] of [[[4, 3], 1], [[3, 4, 2], 2], [[2, 3, 2, 2], 3], [[3, 2, 2], 4]] as const)
  describe(`two stout layers on ${extents.join("x")}, N = ${N}`, () => {
    const L = lattice(extents);
    const U = closedFormLinks(L, N, 0.6) as LinkField;
    const X = directionField(L, N) as AlgebraField;
    const Y = (grad(wilsonSum) as (u: unknown) => unknown)(U) as AlgebraField;
    const force = (V: LinkField): AlgebraField => (grad(smeared) as (u: unknown) => unknown)(V) as AlgebraField;
    const value = (V: LinkField): number => ((valueAndGrad(smeared) as (u: unknown) => unknown)(V) as { value: number }).value;

    test("grad is the derivative along the group", () => {
      const fd = derivative((s) => value(moved(U, X, s)), 1e-3);
      expect(Math.abs(inner(force(U), X) / fd - 1)).toBeLessThan(2e-9);
    });
    test("hvp is the derivative of the force", () => {
      const H = (hvp(smeared) as (u: unknown, x: unknown) => unknown)(U, X) as AlgebraField;
      const fd = derivative((s) => inner(force(moved(U, X, s)), Y), 1e-3);
      expect(Math.abs(inner(H, Y) - fd)).toBeLessThan(3e-9 * Math.abs(fd) + 1e-9 * Math.abs(value(U)));
    });
    test("jvp of the force equals hvp; vjp is its transpose", () => {
      const F = (V: Links): Algebras => grad(smeared)(V) as Algebras;
      const J = (jvp(F) as (u: unknown, x: unknown) => unknown)(U, X) as AlgebraField;
      const H = (hvp(smeared) as (u: unknown, x: unknown) => unknown)(U, X) as AlgebraField;
      for (let mu = 0; mu < J.fields.length; mu++) {
        const [a, b] = [J.toArray(mu), H.toArray(mu)];
        a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-11));
      }
      const T = (vjp(F) as (u: unknown, w: unknown) => unknown)(U, Y) as AlgebraField;
      expect(Math.abs(inner(T, X) - inner(Y, J))).toBeLessThan(1e-10 * Math.abs(inner(Y, J)) + 1e-10);
    });
    test("force matching: a gradient inside a loss", () => {
      const loss = (p: { a: Scalar; b: Scalar }, V: Links): Scalar => {
        const F = grad((W: Links) => wilsonSum(stout(p.b)(stout(p.a)(W))))(V) as Algebras;
        const G = grad(wilsonSum)(V) as Algebras;
        const d = F.map((mu) => sub(F[mu]!, scaleBy(0.7, G[mu]!)));
        return pairing(d, d);
      };
      const run = record((p: { a: Scalar; b: Scalar }, V: Links) => valueAndGrad(loss)(p, V) as { value: Scalar; grad: { a: Scalar; b: Scalar } }, { a: 0.1, b: 0.1 }, U);
      const at = (a: number, b: number) => structuredClone(run.run({ a, b }, U) as unknown as { value: number; grad: { a: number; b: number } });
      const { value: loss0, grad: g } = at(0.05, -0.03);
      expect(Math.abs(g.a - derivative((s) => at(0.05 + s, -0.03).value, 3e-4))).toBeLessThan(1e-9 * (Math.abs(g.a) + 100 * loss0));
      expect(Math.abs(g.b - derivative((s) => at(0.05, -0.03 + s).value, 3e-4))).toBeLessThan(1e-9 * (Math.abs(g.b) + 100 * loss0));
    });
  });

test("checkpoint changes the memory, not the numbers", () => {
  const L = lattice([4, 4, 4, 4]);
  const U = closedFormLinks(L, 3, 0.5);
  const deep = (wrap: <A, Y>(f: (x: A) => Y) => (x: A) => Y) => (V: Links): Scalar => wilsonSum([0.05, 0.06, 0.07, 0.08].reduce((W, rho) => wrap(stout(rho))(W), V));
  const plain = record((V: Links) => valueAndGrad(deep((f) => f))(V) as { value: Scalar; grad: Algebras }, U as LinkField);
  const saved = record((V: Links) => valueAndGrad(deep((f) => checkpoint(f)))(V) as { value: Scalar; grad: Algebras }, U as LinkField);
  const [a, b] = [plain.run(U as LinkField), saved.run(U as LinkField)] as unknown as { value: number; grad: AlgebraField }[];
  expect(Math.abs(a!.value / b!.value - 1)).toBeLessThan(1e-13);
  a!.grad.fields.forEach((f, mu) => {
    const g = b!.grad.fields[mu]!.toArray();
    f.toArray().forEach((x, k) => expect(Math.abs(x - g[k]!)).toBeLessThan(1e-12));
  });
  expect(saved.arenaBytes).toBeLessThan(0.8 * plain.arenaBytes);
});

test("derivatives inside of a checkpoint region use its values: a chain of them is as long as without it, not twice as long with every link", () => {
  const L = lattice([4, 4]);
  const U = closedFormLinks(L, 2, 0.5) as LinkField;
  const descent = (V: Links, e: number): Links => {
    const F = grad(wilsonSum)(V) as Algebras;
    return V.map((mu) => mul(exp(scaleBy(-e, F[mu]!)), V[mu]!));
  };
  const chain = (V: Links): Links => [0.02, 0.03, 0.04, 0.05, 0.06].reduce(descent, V);
  const count = (f: (V: Links) => Links): number => record(f, U).program.nodes.length;
  expect(count(checkpoint(chain))).toBe(count(chain));
  // a derivative of the region from outside computes it a second time, with the derivatives inside of it
  const both = [chain, checkpoint(chain)].map((f) => record((V: Links) => grad((W: Links) => wilsonSum(f(W)))(V), U));
  expect(both[1]!.program.nodes.length).toBeLessThan(2 * both[0]!.program.nodes.length);
  const [a, b] = both.map((plan) => plan.run(U)) as unknown as [AlgebraField, AlgebraField];
  a.fields.forEach((f, mu) => f.toArray().forEach((x, k) => expect(x).toBeCloseTo(b.fields[mu]!.toArray()[k]!, 12)));
});

test("operators twice in a program, once in a checkpoint region: determinants differentiated along a direction, solves of the transposed system", () => {
  const L = lattice([2, 2]);
  const made = <T extends ValueType>(type: T, seed: number): Field<T> => {
    const f = new Field(L, type);
    return f.set(Float64Array.from({ length: f.length }, (_, k) => Math.sin(seed + 1.7 * k)));
  };
  const [A, B, b] = [made(siteMatrixType(L, 2), 1), made(siteMatrixType(L, 2), 2), made(vectorType(L, 2), 3)];
  const operator = (a: Matrix<2>) => (x: Vector<2>): Vector<2> => add(scaleBy(4, x), mul(a, x));
  const determinant = (a: Matrix<2>): Scalar => logDet(operator(a), vectorType(L, 2), a);
  const solution = (a: Matrix<2>, v: Vector<2>): Scalar => sum(abs2(cdot(v, solve(operator(a), v, { method: "bicgstab" }))));
  const plan = record((a: Matrix<2>, h: Matrix<2>, v: Vector<2>) => [determinant, checkpoint(determinant)].map((f) => [hvp(f)(a, h), jvp(f)(a, h)]).concat([solution, checkpoint(solution)].map((f) => [grad((x: Matrix<2>) => f(x, v))(a), f(a, v)])), A, B, b);
  const [plain, saved, solved, again] = plan.run(A, B, b).map(([x, y]) => [...(x as Field).toArray(), y as unknown as number]) as [number[], number[], number[], number[]];
  expect(Math.max(...plain.map(Math.abs), ...solved.map(Math.abs))).toBeGreaterThan(0.01);
  saved.forEach((x, k) => expect(x).toBeCloseTo(plain[k]!, 13));
  again.forEach((x, k) => expect(x).toBeCloseTo(solved[k]!, 13));
});

describe("what would break gauge symmetry cannot be recorded", () => {
  const L = lattice([4, 4, 4, 4]);
  const tape = openTape(L);
  const U = [0, 1, 2, 3].map((mu) => tape.input({ kind: "matrix", N: 3, start: [0, 0, 0, 0], end: [0, 1, 2, 3].map((nu) => (nu === mu ? 1 : 0)), domain: "all", algebra: false })) as unknown as Links;
  test("a dropped shift is named with both end points and the fix", () => {
    expect(() => mul(U[0]!, U[1]!)).toThrow(/mul: A ends at \+x but B starts at 0.*shift B/);
    expect(() => ta(mul(U[0]!, shift(U[1]!, 0)))).toThrow(/ta: the path is open: got \[0 -> \+x\+y\].*close it/);
    expect(() => add(U[0]!, U[1]!)).toThrow(/add: end points differ: got \[0 -> \+x\] and \[0 -> \+y\]/);
    expect(() => add(reTrace(mul(U[0]!, adj(U[0]!))) as never, tape.input({ kind: "scalar" }) as never)).toThrow(/add: got .* expected two values of the same kind.*: broadcast the scalar$/);
    expect(() => trace(U[2]!)).toThrow(/trace: the path is open/);
    expect(() => exp(U[3]!)).toThrow(/exp: the path is open/);
  });
  test("a Polyakov line closes around the torus", () => {
    let line = U[3]!;
    for (let k = 1; k < 4; k++) line = mul(line, shift(U[3]!, 3, k));
    expect(() => reTrace(line)).not.toThrow();
  });
  test("vectors are moved with links only", () => {
    const v = tape.input(vectorType(L, 3)) as never;
    expect(() => mul(U[0]!, v)).toThrow(/the matrix ends at \+x but the vector sits at 0/);
    expect(() => mul(tape.input(siteMatrixType(L, 2)) as never, v)).toThrow(/same N/);
  });
});

describe("recording", () => {
  const L = lattice([4, 4]);
  const U = closedFormLinks(L, 2, 0.5) as LinkField;
  test("traced values have no number and do not outlive their recording", () => {
    let kept: Scalar | undefined;
    record((V: Links) => {
      kept = wilsonSum(V);
      expect(() => Number(kept)).toThrow(/has no number while it is being recorded/);
      return kept;
    }, U);
    expect(() => square(kept!)).toThrow(/recording that has ended/);
  });
  test("fields of two lattices do not mix", () => {
    const other = closedFormLinks(lattice([4, 4]), 2, 0.5) as LinkField;
    expect(() => record((a: Links, b: Links) => add(wilsonSum(a), wilsonSum(b)), U, other)).toThrow(/two lattices/);
    const plan = record((a: Links) => wilsonSum(a), U);
    expect(() => plan.run(other)).toThrow(/plan's own lattice/);
    expect(() => new Field(L, siteMatrixType(L, 2)).set(new Float64Array(3))).toThrow(/got 3 numbers, expected 128/);
  });
  test("programs print as text and as Graphviz", () => {
    const { program } = record((a: Links) => wilsonSum(a), U);
    expect(print(program)).toContain("= dot(");
    expect(toGraphviz(program)).toMatch(/^digraph program \{/);
  });
  test("the second run of a plan gives the same bits", () => {
    const plan = record((a: Links) => smeared(a), U);
    expect(plan.run(U)).toBe(plan.run(U));
  });
});
