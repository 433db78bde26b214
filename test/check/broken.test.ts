/** Every item of a check fails for something broken on purpose, names it, and leaves the others alone. */
import { describe, expect, test } from "vitest";
import {
  type Action, type AlgebraField, type CheckReport, type LinkField, type Links, type Matrix, type Op, type Real, type Traced, type Vector, DirectionalField, Field, SU, U1, action, add, adj, chain, check, constantReal, customOp, detach, dot, exp, gaugeAction, hot, im, lattice, layer, mul, neg, plaquette, polar, pseudofermions, reTrace, real, scale, scaleBy, shift, sin, siteMatrixType, square, staggered, staple, staples, sub, sum, ta, trace, vectorType,
} from "gaugegrad";
import { randomStream } from "../../src/util/index.ts";

const L = lattice([3, 4, 4]);
const U = hot(L, SU(2), { seed: 3 }) as LinkField;
const U3 = hot(lattice([3, 3]), SU(3), { seed: 4 }) as LinkField;

/** Everything must hold. */
const strict = { rotations: true, reflections: true, chargeConjugation: true };
const failures = (r: CheckReport): string[] => r.items.filter((i) => i.status === "fail").map((i) => i.name);
const item = (r: CheckReport, name: string) => {
  const found = r.items.find((i) => i.name === name);
  if (!found) throw new Error(`no item ${name} in\n${r}`);
  return found;
};
const omega = (V: Links, mu: number): Matrix => mul(staples(V, mu), adj(V[mu]!));
/** A stout layer whose steps are changed by the arguments. */
const stout = (f: (m: Matrix) => Matrix, staple = omega) =>
  layer({ name: "stout", params: { rho: real(0.1) }, forward: (V, { rho }) => V.map((mu) => mul(exp(f(scale(rho, staple(V, mu)))), V[mu]!)) });
const plaquettes = (V: Links): Real => {
  const terms = V.values().flatMap((_, mu) => V.values().slice(mu + 1).map((__, k) => reTrace(plaquette(V, mu, mu + 1 + k))));
  return add(terms[0]!, ...terms.slice(1));
};
const rule = (name: string, f: (m: Matrix) => Matrix, back: (c: Matrix) => Traced) => customOp(name, (m: Matrix) => f(m), (_x, _y, c) => [back(c as Matrix)]);

describe("derivatives", () => {
  test.each([[2, "2.000000: a term is counted twice"], [0.5, "0.500000: a factor 2 is missing"], [-1, "-1.000000: a sign"], [3, "3.000000 = N: a trace without its 1/N"]])("a rule with a factor %d is caught with its ratio", (c, text) => {
    const r = check(stout(rule("myTa", ta, (ct) => scaleBy(c, ta(ct)))), U3);
    expect(failures(r)).toEqual(["gradient", "parameter gradient", "second order", "rule of myTa"]);
    expect(item(r, "parameter gradient").ratio).toBeCloseTo(c, 6);
    expect(item(r, "rule of myTa").ratio).toBeCloseTo(c, 9);
    expect(String(r)).toContain(`rule of myTa: worst at input 0; ratio ${text}`);
    expect(String(r)).toContain("to rerun: the same links and seed 0");
    expect(item(r, "gradient").where).toMatch(/^\[\d,\d\] [xt]$/);
  });
  test("a rule that is wrong by one part in a million", () => {
    const r = check(gaugeAction.wilson({ beta: 2 }).after(stout(rule("myTa", ta, (ct) => scaleBy(1 + 1e-6, ta(ct))))), U3);
    expect(failures(r)).toContain("gradient");
    expect(item(r, "rule of myTa").ratio! - 1).toBeCloseTo(1e-6, 9);
  });
  test("a lost parameter", () => {
    const lost = layer({ name: "lost", params: { a: real(0.1), b: [real(0.2), real(0.3)] }, forward: (V, { a, b }) => V.map((mu) => mul(exp(ta(scale(add(a, detach(b[1]!)), omega(V, mu)))), V[mu]!)) });
    const r = check(lost, U);
    const i = item(r, "parameter gradient");
    expect([i.status, i.where]).toEqual(["fail", "b[1]"]);
    expect(i.ratio).toBeCloseTo(0, 12);
    expect(i.note).toContain("the derivative is lost");
    expect(item(r, "gradient").status).toBe("pass");
  });
  test("one wrong link among many is found", () => {
    const S = gaugeAction.wilson({ beta: 2.1 });
    const wrong: Action = { name: "one link", value: (V) => S.value(V), force: (V, into) => {
      const F = S.force(V, into);
      const f = F.toArray(1);
      const at = 8 * L.site([2, 1, 3]);
      for (let k = 0; k < 8; k++) f[at + k]! *= 1.5;
      F.fields[1]!.set(f);
      return F;
    } };
    const r = check(wrong, U);
    expect(item(r, "gradient").where).toBe("[2,1,3] y");
    expect(failures(r)).toContain("gradient");
    expect(item(r, "second order").status).toBe("skipped");
  });
  test("a first derivative without a second", () => {
    const sq = customOp("square", (x: Real) => square(x), ([x], _y, c) => [scale(scaleBy(2, detach(x as Real)), c as Real)]);
    const r = check(action({ name: "squares", evaluate: (V: Links) => sum(sq(plaquettes(V))) }), U3);
    expect(failures(r)).toEqual(["second order"]);
    expect(item(r, "second order").where).toMatch(/^\[\d,\d\] [xt]$/);
  });
  test("a rule that is not linear in the cotangent", () => {
    const bent = customOp("bent", (x: Real) => scaleBy(3, x), (_x, _y, c) => [add(scaleBy(3, c as Real), scaleBy(0.1, sub(square(c as Real), c as Real)))]);
    const r = check(action({ name: "bent", evaluate: (V: Links) => sum(bent(plaquettes(V))) }), U);
    expect(item(r, "gradient").status).toBe("pass");
    expect(item(r, "linearity").status).toBe("fail");
    expect(item(r, "transpose").status).toBe("fail");
    expect(item(r, "linearity").note).toContain("not linear in its cotangent");
  });
  test("a map that is rough on the scale of the steps", () => {
    const r = check(action({ name: "rough", evaluate: (V: Links) => sum(sin(scaleBy(1e5, plaquettes(V)))) }), U3);
    expect(item(r, "gradient")).toMatchObject({ status: "fail", note: expect.stringContaining("do not converge") });
  });
  test("a value that changes from call to call", () => {
    const S = gaugeAction.wilson({ beta: 2.1 });
    let calls = 0;
    const r = check({ name: "drifting", value: (V: LinkField) => S.value(V) + 1e-12 * calls++, force: (V: LinkField, into?: AlgebraField) => S.force(V, into) }, U);
    expect(failures(r)).toContain("deterministic");
  });
});

describe("symmetries", () => {
  /** Real part of every entry: not covariant, whatever its type says. */
  const realPart: Op = {
    name: "realPart", infer: ([t]) => t!, vjp: ({ cotangent }) => [cotangent.tape.apply(realPart, [cotangent])],
    site: (b, [x], _a, types) => Array.from({ length: 2 * (types[0] as { N: number }).N ** 2 }, (_, i) => (i % 2 === 0 ? x!(i) : b.constant(0))),
  };
  const realEntries = (m: Matrix): Matrix => m.tape.apply(realPart, [m]) as Matrix;
  const lattice3 = (V: Links): Real => constantReal(V[0]!.tape, "slope", (n) => 1 + 0.1 * V.lattice.coordinates(n)[0]!);

  test("gauge covariance of a layer, with the worst link", () => {
    const r = check(stout((m) => ta(realEntries(m))), U);
    expect(failures(r)).toContain("gauge covariance");
    expect(failures(r)).not.toContain("gradient");
    expect(item(r, "gauge covariance").where).toMatch(/^\[\d,\d,\d\] [xyt]$/);
    expect(item(r, "gauge covariance").deviation).toBeGreaterThan(1e-2);
  });
  test("gauge invariance of an action cannot be accepted", () => {
    const r = check(action({ name: "entries", evaluate: (V: Links) => sum(square(reTrace(realEntries(plaquette(V, 0, 1))))) }), U, { expect: strict });
    expect(item(r, "gauge invariance").status).toBe("pass");
    const q = check(action({ name: "entries", evaluate: (V: Links) => sum(dot(realEntries(plaquette(V, 0, 1)), plaquette(V, 0, 1))) }), U);
    expect(failures(q)).toEqual(["gauge invariance"]);
    expect(item(q, "gauge invariance").where).toMatch(/^\[/);
  });
  test("a weight that depends on the site breaks translations and is accepted on demand", () => {
    const tilted = layer({ name: "tilted", params: { rho: real(0.1) }, forward: (V, { rho }) => V.map((mu) => mul(exp(ta(scale(rho, scale(lattice3(V), omega(V, mu))))), V[mu]!)) });
    expect(failures(check(tilted, U))).toEqual(["translation x"]);
    const r = check(tilted, U, { expect: strict });
    expect(failures(r)).toEqual(["translation x", "axis exchange xy", "axis exchange xt", "reflection x"]);
    const q = check(tilted, U, { expect: { translations: false, rotations: false, reflections: false } });
    expect(q.passed).toBe(true);
    expect(q.items.filter((i) => i.status === "accepted").map((i) => i.name)).toEqual(failures(r));
    expect(String(q)).toContain("accepted");
    expect(item(q, "translation x").note).toMatch(/^broken by \d/);
  });
  test("different weights in time", () => {
    const anisotropic = layer({ name: "anisotropic", params: { s: real(0.1), t: real(0.2) }, forward: (V, { s, t }) => V.map((mu) => mul(exp(ta(scale(mu === 2 ? t : s, omega(V, mu)))), V[mu]!)) });
    expect(failures(check(anisotropic, U, { expect: strict }))).toEqual(["axis exchange xt", "rotation yt"]);
    expect(check(anisotropic, U, { expect: { ...strict, rotations: false } }).passed).toBe(true);
    const r = check(anisotropic, U);
    expect(r.passed).toBe(true);
    expect(r.items.filter((i) => i.status === "broken").map((i) => i.name)).toEqual(["axis exchange xt", "rotation yt"]);
    expect(String(r)).toMatch(/rotation yt: worst at .*broken by .*\npassed; broken symmetries are reported/s);
  });
  test("staples above the link only", () => {
    const upper = (V: Links, mu: number): Matrix => {
      const s = V.values().flatMap((_, nu) => (nu === mu ? [] : [staple(V, mu, nu, 1)]));
      return mul(add(s[0]!, ...s.slice(1)), adj(V[mu]!));
    };
    expect(failures(check(stout(ta, upper), U, { expect: strict }))).toEqual(["rotation yt", "reflection x", "reflection y", "reflection t"]);
  });
  test("an imaginary part is odd under charge conjugation", () => {
    const odd = action({ name: "Im P", evaluate: (V: Links) => sum(im(trace(plaquette(V, 0, 1)))) });
    const r = check(odd, U3, { expect: strict });
    expect(item(r, "charge conjugation").status).toBe("fail");
    expect(item(r, "charge conjugation").ratio).toBeCloseTo(-1, 10);
    expect(item(r, "gauge invariance").status).toBe("pass");
    expect(failures(check(odd, U3))).toEqual([]);
  });
});

describe("group", () => {
  const blur = (V: Links): Matrix[] => V.values().map((v, mu) => add(v, scaleBy(0.1, staples(V, mu))));
  test("links outside the group", () => {
    const r = check((V: Links): Links => V.map((mu) => blur(V)[mu]!), U3);
    expect(failures(r)).toEqual(["unitarity", "determinant"]);
    expect(item(r, "unitarity").where).toMatch(/^\[\d,\d\] [xt]$/);
  });
  test("a projection on U(N) leaves a determinant", () => {
    const intoU = (V: Links): Links => V.map((mu) => polar(blur(V)[mu]!));
    expect(failures(check(intoU, U3))).toEqual(["determinant"]);
    expect(check(intoU, U3, { expect: { determinant: false } }).passed).toBe(true);
  });
  test("a force outside the algebra", () => {
    const S = gaugeAction.wilson({ beta: 2.1 });
    const r = check({ name: "no ta", value: (V: LinkField) => S.value(V), force: (V: LinkField, into?: AlgebraField) => {
      const F = S.force(V, into);
      F.fields[0]!.set(F.toArray(0).map((x, k) => x + (k % 8 === 0 ? 0.01 : 0)));
      return F;
    } }, U);
    expect(item(r, "force in the algebra").status).toBe("fail");
    expect(item(r, "force in the algebra").where).toBe("[0,0,0] x");
    expect(item(r, "gradient").status).toBe("pass");
  });
  test("a force with hidden state", () => {
    const S = gaugeAction.wilson({ beta: 2.1 });
    let calls = 0;
    const r = check({ name: "counting", value: (V: LinkField) => S.value(V), force: (V: LinkField, into?: AlgebraField) => {
      const F = S.force(V, into);
      const drifted = 1 + 1e-7 * calls++;
      return F.set(F.fields.map((f) => f.toArray().map((x) => x * drifted))) as AlgebraField;
    } }, U);
    expect(failures(r)).toContain("reversibility");
    expect(item(r, "reversibility").note).toContain("hidden state");
  });
});

describe("inputs that are fields", () => {
  const geo = lattice([4, 3]);
  const V = hot(geo, SU(3), { seed: 8 }) as LinkField;
  const noise = (n: number): Float64Array => Float64Array.from({ length: n }, (_, k) => Math.sin(1 + 7 * k));
  const phi = new Field(geo, vectorType(geo, 3, { boundary: [1, -1] }));
  phi.set(noise(phi.length));
  const M = new Field(geo, siteMatrixType(geo, 3));
  M.set(noise(M.length));
  const hop = action({
    name: "hop", inputs: { mass: 0.3, phi, M },
    evaluate: (W: Links, { mass, phi: v, M: m }) => {
      const w = add(scale(mass, v as Vector), mul(m as Matrix, mul(W[1]!, shift(v as Vector, 1))));
      return sum(dot(w, w));
    },
  });
  test("are differentiated and take part in gauge transformations; lattice symmetries are skipped with the reason", () => {
    const r = check(hop, V);
    expect(failures(r), String(r)).toEqual([]);
    expect(item(r, "gauge invariance").status).toBe("pass");
    expect(item(r, "reflection x")).toMatchObject({ status: "skipped", note: expect.stringContaining("fields") });
  });
  test("a lost field gradient", () => {
    const r = check(action({ name: "lost", inputs: { phi }, evaluate: (W: Links, { phi: v }) => sum(dot(v as Vector, mul(W[0]!, shift(detach(v as Vector), 0)))) }), V);
    expect(item(r, "parameter gradient")).toMatchObject({ status: "fail", where: "phi" });
  });
});

test("pseudofermions: gradient and second order through the solver, the force that samplers use, gauge transformed phi", () => {
  const geo = lattice([4, 2, 2]);
  const V = hot(geo, SU(2), { seed: 12 });
  const f = pseudofermions(staggered({ mass: 0.4 }), { lattice: geo, group: SU(2), flavours: 4 });
  f.refresh(V, 0, randomStream(3));
  for (const subject of [f, f.action.after(stout(ta))]) {
    const r = check(subject, V);
    expect(failures(r), String(r)).toEqual([]);
    expect(["gradient", "parameter gradient", "second order", "gauge invariance", "reversibility"].map((n) => item(r, n).status)).toEqual(Array.from({ length: 5 }, () => "pass"));
  }
});

describe("subjects", () => {
  test("a dropped shift is refused while recording, with op, end points and fix", () => {
    const dropped = layer({ name: "dropped", params: { rho: real(0.1) }, forward: (V, { rho }) => V.map((mu) => mul(exp(ta(scale(rho, mul(mul(V[mu]!, V[(mu + 1) % 2]!), adj(V[mu]!))))), V[mu]!)) });
    expect(() => check(dropped, U3)).toThrow(/mul: A ends at \+x but B starts at 0: .*shift\(B, 0\)/);
  });
  test("anything else is refused", () => {
    expect(() => check({ name: "x" } as never, U)).toThrow(/check: got an object with name, expected an action/);
    expect(() => check(((V: Links) => plaquettes(V)) as never, U)).toThrow(/returns real, expected one scalar/);
  });
  test("functions, layers without parameters, chains, U(1)", () => {
    expect(failures(check((V: Links) => sum(plaquettes(V)), U))).toEqual([]);
    const W = hot(lattice([4, 2]), U1, { seed: 5 }) as LinkField;
    const r = check(chain(stout(ta), stout((m) => neg(ta(m)))), W);
    expect(failures(r)).toEqual([]);
    expect(r.subject).toMatchObject({ kind: "layer", group: "U(1)", lattice: [4, 2], seed: 0 });
    expect(r.items.some((i) => i.name === "determinant")).toBe(false);
  });
  test("the same seed gives the same report, another one other numbers", () => {
    const S = gaugeAction.wilson({ beta: 2 });
    const json = (seed: number): string => JSON.stringify(check(S, U, { seed }));
    expect(json(4)).toBe(json(4));
    expect(json(4)).not.toBe(json(5));
    expect(JSON.parse(json(4))).toMatchObject({ passed: true, name: "Wilson", seed: 4 });
  });
  test("the check leaves the links alone", () => {
    const before = U.fields.map((f) => f.toArray());
    check(gaugeAction.wilson({ beta: 2 }), U);
    expect(U.fields.map((f) => f.toArray())).toEqual(before);
    expect(new DirectionalField(L, 2, "links").lattice).toBe(U.lattice);
  });
});
