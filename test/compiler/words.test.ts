/** Products in the order in which most of them are shared: what words stand for stays the same, kernels have fewer products, results agree. */
import { describe, expect, test } from "vitest";
import { type AlgebraField, type Links, type Scalar, add, adj, checkpoint, dot, exp, hvp, mul, reTrace, record, scaleBy, shift, sub, sum, ta, trace, valueAndGrad } from "../../src/autograd/index.ts";
import { type Term, Words, adjoint } from "../../src/compiler/refine/words.ts";
import { closedFormLinks, directionField, gaugeAction, lattice, staples } from "../../src/gauge/index.ts";
import { nativeMissing } from "./backends.ts";
import { plaquettes, stoutStep } from "./programs.ts";

describe("words", () => {
  const text = ({ coefficient, letters }: Term): string => `${coefficient}:${letters.join(".")}`;
  /** A letter written out to the sources. */
  const written = (words: Words<string>, l: number): readonly Term[] => {
    const s = words.symbol(l);
    const terms = s.is === "source" ? [{ coefficient: 1, letters: [l - (l % 2)] }] : s.is === "pair" ? inFull(words, { coefficient: 1, letters: s.letters }) : s.terms.flatMap((t) => inFull(words, t));
    return l % 2 === 0 ? terms : terms.map((t) => ({ ...t, letters: adjoint(t.letters) }));
  };
  const inFull = (words: Words<string>, { coefficient, letters }: Term): readonly Term[] =>
    letters.reduce((list: readonly Term[], l) => list.flatMap((s) => written(words, l).map((t) => ({ coefficient: s.coefficient * t.coefficient, letters: [...s.letters, ...t.letters] }))), [{ coefficient, letters: [] }]);
  /** The first of all turns of a word and its adjoint: the same real part of a trace. */
  const turned = (t: Term): string => [t.letters, adjoint(t.letters)].flatMap((w) => w.map((_, k) => text({ ...t, letters: [...w.slice(k), ...w.slice(0, k)] }))).sort()[0]!;

  test.each(Array.from({ length: 40 }, (_, k) => k))("random sums are what they were, %i", (seed) => {
    let state = seed + 1;
    const below = (n: number): number => Math.floor((n * (state = (48271 * state) % 2147483647)) / 2147483647);
    const words = new Words<string>((x) => x);
    const letter = (): number => words.letter("abcd"[below(4)]!, below(2) === 1);
    const sums = Array.from({ length: 1 + below(5) }, () => {
      const cyclic = below(4) === 0;
      return { cyclic, terms: Array.from({ length: cyclic ? 1 : 1 + below(9) }, (): Term => ({ coefficient: cyclic ? 1 : [1, -1, 0.5, -0.5][below(4)]!, letters: Array.from({ length: (cyclic ? 3 : 1) + below(4) }, letter) })) };
    });
    const before = sums.reduce((n, s) => n + s.terms.reduce((m, t) => m + t.letters.length - (s.cyclic ? 2 : 1), 0), 0);
    const { terms, products } = words.share(sums);
    expect(products).toBeLessThanOrEqual(before);
    sums.forEach((s, k) => {
      const after = terms[k]!.flatMap((t) => inFull(words, t));
      const canonical = s.cyclic ? turned : text;
      expect(after.map(canonical).sort()).toEqual(s.terms.map(canonical).sort());
      if (s.cyclic) expect(terms[k]![0]!.letters.length).toBeGreaterThan(1);
    });
  });

  test("a plaquette and its staples take three products", () => {
    const words = new Words<string>((x) => x);
    const [m, n, mn, nm] = ["m", "n", "mn", "nm"].map((x) => words.letter(x, false)) as [number, number, number, number];
    const one = (...letters: number[]): Term[] => [{ coefficient: 1, letters }];
    const { products } = words.share([{ cyclic: true, terms: one(m, nm, mn ^ 1, n ^ 1) }, { cyclic: false, terms: one(n, mn, nm ^ 1) }, { cyclic: false, terms: one(m, nm, mn ^ 1) }]);
    expect(products).toBe(3);
  });
});

const missing = nativeMissing();
if (missing) console.log(`native kernels skipped: ${missing}`);

describe.skipIf(missing !== undefined)("native", () => {
  const smeared = (U: Links): Scalar => plaquettes(stoutStep(U));
  const products = (S: (U: Links) => Scalar): number => {
    const plan = record((V: Links) => valueAndGrad(S)(V) as never, closedFormLinks(lattice([4, 4, 4, 4], { backend: "native" }), 3, 0.5));
    return plan.describe().match(/= (mul|multiplyAdd)\(/g)!.length;
  };

  test("the plaquette force takes 46 products, that of a stout step 218", () => {
    // in a plane U_mu(n+nu) U_nu(n+mu)^+, with a link before it, and its adjoint with the other: 6 x 3; 12 staples below of two; 4 links
    expect(products(plaquettes)).toBe(46);
    // 6 x 3 + 12 x 2 and two for every link; the same and five; 6 x 7 + 12 x 5 and one, without the product that is U^+ G
    expect(products(smeared)).toBe(218);
  });

  type Result = { readonly value: number; readonly grad: AlgebraField };
  const numbers = (r: Result): number[] => [r.value, ...r.grad.fields.flatMap((f) => [...f.toArray()])];
  const force = (S: (U: Links) => Scalar, N: number, options: object): number[] => {
    const U = closedFormLinks(lattice([4, 6], options), N, 0.6);
    return numbers(record((V: Links) => valueAndGrad(S)(V) as never, U as never).run(U as never) as unknown as Result);
  };
  const agree = (a: readonly number[], b: readonly number[]): void => {
    const size = a.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
    a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-13 * size));
  };
  // coefficients of several sizes, traces that turn, sums in products, products seen displaced and as adjoints
  const mixed = (U: Links): Scalar => {
    const [a, b] = [U[0]!, U[1]!];
    const corner = mul(a, shift(b, 0));
    const side = mul(b, shift(a, 1));
    const both = sub(scaleBy(0.7, corner), scaleBy(0.2, side));
    const loop = mul(both, adj(add(corner, side)));
    const back = mul(adj(shift(b, 1, -1)), mul(shift(a, 1, -1), shift(shift(b, 0), 1, -1)));
    const W = mul(exp(ta(scaleBy(0.3, mul(add(back, mul(side, adj(shift(b, 0)))), adj(a))))), a);
    return sum(add(reTrace(loop), dot(mul(W, shift(b, 0)), side), dot(trace(mul(corner, adj(side))) as never, trace(mul(W, adj(a))) as never) as never));
  };
  const iwasaki = gaugeAction.iwasaki({ beta: 2 });
  const cases: [string, (U: Links) => Scalar][] = [
    ["plaquettes", plaquettes],
    ["a stout step", smeared],
    ["rectangles", (U) => iwasaki.evaluate(U as never, iwasaki.inputs as never)],
    ["two steps, one in a checkpoint", (U) => plaquettes(stoutStep(checkpoint(stoutStep as never)(U as never) as never))],
    ["products of sums", mixed],
  ];
  test.each(cases)("forces are those of the interpreter: %s", (_name, S) => agree(force(S, 3, { backend: "native" }), force(S, 3, { backend: "interpret" })));
  test("and those of SU(2), with quaternions too", () => {
    const expected = force(mixed, 2, { backend: "interpret" });
    for (const quaternions of [false, true]) agree(force(mixed, 2, { backend: "native", quaternions }), expected);
  });

  test("and second derivatives", () => {
    const [a, b] = (["native", "interpret"] as const).map((backend) => {
      const L = lattice([4, 4], { backend });
      const [U, X] = [closedFormLinks(L, 3, 0.5), directionField(L, 3)];
      const plan = record(((V: Links, W: never) => hvp(smeared)(V, W)) as never, U as never, X as never) as unknown as { run(...a: unknown[]): AlgebraField };
      return plan.run(U, X).fields.flatMap((f) => [...f.toArray()]);
    });
    agree(a!, b!);
  });

  test("a program gives the same kernels each time", () => {
    const text = (): string => record((V: Links) => valueAndGrad((W: Links) => sum(reTrace(mul(staples(stoutStep(W), 0), adj(W[0]!)))))(V) as never, closedFormLinks(lattice([4, 4], { backend: "native" }), 3, 0.5)).describe();
    expect(text()).toBe(text());
  });
});
