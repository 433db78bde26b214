/** The check of bijections: right ones pass, wrong ones fail with the hint that names what is wrong. */
import { describe, expect, test } from "vitest";
import { type Links, type Matrix, type Scalar, add, adj, alias, customOp, exp, mask, merge, mul, number, reTrace, restrict, scale, scaleBy, sum, ta, tanh, updateLogDet } from "../../src/autograd/index.ts";
import { check } from "../../src/check/index.ts";
import { SU, U1, hot, lattice, plaquette, staples } from "../../src/gauge/index.ts";
import { type Image, bijection, chain, maskedStout } from "../../src/flows/index.ts";
import { real } from "../../src/models/index.ts";
import { gatedTransform } from "../../src/runs/parts/transforms/gated.ts";

const geometry = lattice([4, 4]);

/** Links along mu on even sites move; what the others see is up to `weights`. */
function half(V: Links, mu: number, rho: Scalar, all = false): { readonly links: Links; readonly term: Scalar } {
  const M = scale(rho, mul(staples(V, mu), adj(V[mu]!)));
  const m = all ? M : mask(M, "even sites", (x) => (x[0]! + x[1]!) % 2 === 0);
  return { links: V.map((nu) => (nu === mu ? mul(exp(ta(m)), V[mu]!) : V[nu]!)) as Links, term: sum(updateLogDet(m)) };
}

const own = (name: string, logDet: (terms: readonly Scalar[]) => Scalar, all = false) =>
  bijection({
    name,
    params: { rho: real(0.12) },
    forward: (V, { rho }): Image => {
      const x = half(V, 0, rho, all);
      const t = half(x.links, 1, rho, all);
      return { links: t.links, logDet: logDet([x.term, t.term]) };
    },
  });

const note = (report: ReturnType<typeof check>, item: string): string => {
  const found = report.items.find((i) => i.name.startsWith(item))!;
  return `${found.status} ${found.note ?? ""}`;
};

describe.each([U1, SU(2), SU(3)] as const)("$name", (group) => {
  const V = hot(geometry, group, { seed: 3 });

  test("masked stout passes, its steps and its inverse", () => {
    const report = check(maskedStout({ rho: 0.1, sweeps: 1 }), V);
    expect(report.passed, String(report)).toBe(true);
    for (const item of ["log det on", "log det of the chain", "sign", "active links", "round trip", "log det: gradient", "log det: second order", "log det: gauge invariance"]) expect(note(report, item)).toBe("pass ");
  });

  test("weights that see the loop around a link: their log det and inverse", () => {
    const report = check(maskedStout({ gate: { bias: 0.5, slopes: [-0.4, 0.1] } }), V);
    expect(report.passed, String(report)).toBe(true);
    for (const item of ["log det on", "active links", "round trip"]) expect(note(report, item)).toBe("pass ");
  });

  test("a map of one's own passes", () => {
    const report = check(own("mine", ([x, t]) => add(x!, t!)), V);
    expect(report.passed, String(report)).toBe(true);
    expect(note(report, "round trip")).toMatch(/^skipped no inverse/);
  });

  test("a factor 2", () => {
    const report = check(own("twice", ([x, t]) => scaleBy(2, add(x!, t!))), V);
    expect(report.passed).toBe(false);
    expect(report.items[0]!.ratio).toBeCloseTo(2, 6);
    expect(note(report, "log det on")).toMatch(/^fail .*factor 2/);
  });

  test("a direction that is forgotten", () => {
    const report = check(own("forgotten", ([, t]) => t!), V);
    expect(note(report, "log det on")).toMatch(/^fail .*links along x.*forgotten/);
  });

  test("a conditioner that sees active links", () => {
    // all links along mu on sites of one row in turn: the staples of an active link hold others
    const seeing = bijection({
      name: "seeing",
      params: { rho: real(0.12) },
      forward: (V0, { rho }) => {
        const M = mask(scale(rho, mul(staples(V0, 0), adj(V0[0]!))), "first half", (x) => x[1]! < 2);
        return { links: V0.map((mu) => (mu === 0 ? mul(exp(ta(M)), V0[0]!) : V0[mu]!)) as Links, logDet: sum(updateLogDet(M)) };
      },
    });
    const report = check(seeing, V);
    expect(note(report, "log det on")).toMatch(/^fail .*sees an active link/);
    expect(note(report, "active links")).toMatch(/^fail .*moves in the same step/);
  });

  test.each([
    ["a direction", (mu: number) => mu !== 0, /links along x: a direction is forgotten/],
    ["the other direction", (mu: number) => mu !== 1, /links along t: a direction is forgotten/],
    ["a parity", (_mu: number, parity: number) => parity === 0, /links on odd sites: a parity is forgotten/],
    ["a half step", (mu: number, parity: number) => mu !== 1 || parity !== 0, /links along t on even sites: a half step is forgotten/],
  ] as const)("%s forgotten in a sweep over all links", (_what, counts, hint) => {
    const sweep = bijection({
      name: "sweep",
      params: { rho: real(0.12) },
      forward: (W, { rho }): Image => {
        let links = W;
        const terms: Scalar[] = [];
        for (const mu of [0, 1]) for (const parity of [0, 1]) {
          const M = mask(scale(rho, mul(staples(links, mu), adj(links[mu]!))), `parity ${parity}`, (x) => (x[0]! + x[1]!) % 2 === parity);
          links = links.map((nu) => (nu === mu ? mul(exp(ta(M)), links[mu]!) : links[nu]!)) as Links;
          if (counts(mu, parity)) terms.push(sum(updateLogDet(M)));
        }
        return { links, logDet: add(terms[0]!, ...terms.slice(1)) };
      },
    });
    const found = note(check(sweep, V), "log det on");
    expect(found).toMatch(/^fail /);
    expect(found).toMatch(hint);
  });

  test("active sites and others counted", () => {
    const counted = bijection({
      name: "counted",
      params: { rho: real(0.12) },
      forward: (W, { rho }): Image => ({ links: half(W, 0, rho).links, logDet: half(W, 0, rho, true).term }),
    });
    expect(note(check(counted, V), "log det on")).toMatch(/^fail .*counts sites whose links stand still/);
  });

  test("a gate that sees the active link itself", () => {
    const gated = bijection({
      name: "own gate",
      params: { rho: real(0.1) },
      forward: (W, { rho }): Image => {
        const gate = tanh(reTrace(plaquette(W, 0, 1)));
        const M = mask(scale(gate, scale(rho, mul(staples(W, 0), adj(W[0]!)))), "even sites", (x) => (x[0]! + x[1]!) % 2 === 0);
        return { links: W.map((mu) => (mu === 0 ? mul(exp(ta(M)), W[0]!) : W[mu]!)) as Links, logDet: sum(updateLogDet(M)) };
      },
    });
    expect(note(check(gated, V), "log det on")).toMatch(/^fail .*may see the active link itself: mask it/);
  });

  test("the sign, and none at all", () => {
    expect(note(check(own("inverse sign", ([x, t]) => scaleBy(-1, add(x!, t!))), V), "log det on")).toMatch(/^fail .*inverse map/);
    expect(note(check(bijection({ name: "none", params: {}, forward: (W) => ({ links: maskedLinks(W), logDet: number(W[0]!.tape, 0) }) }), V), "log det on")).toMatch(/^fail .*missing/);
  });
});

function maskedLinks(V: Links): Links {
  const even = (x: Matrix): Matrix => restrict(x, "even");
  return V.map((mu) => (mu === 0 ? merge(mul(exp(ta(scaleBy(0.1, mul(even(staples(V, 0)), adj(even(V[0]!)))))), even(V[0]!)), restrict(V[0]!, "odd")) : V[mu]!)) as Links;
}

test("a wrong inverse, and the step of a chain that is wrong", () => {
  const V = hot(geometry, U1, { seed: 4 });
  const wrong = bijection({ name: "wrong inverse", params: { rho: real(0.1) }, forward: (W, { rho }) => ({ links: half(W, 0, rho).links, logDet: half(W, 0, rho).term }), inverse: (U, { rho }) => half(U, 0, scaleBy(-1, rho)).links });
  expect(note(check(wrong, V), "round trip")).toMatch(/^fail .*is not V/);
  const report = check(chain(maskedStout({ rho: 0.1 }), own("twice", ([x, t]) => scaleBy(2, add(x!, t!)))), V);
  expect(report.items[0]).toMatchObject({ status: "fail", where: "step 5, twice" });
});

test("the weights of every sweep of a gated [transform]", () => {
  const weights = [{ bias: 0.3, slopes: [-0.1, 0] }, { bias: 0.2, slopes: [0.1, 0] }];
  const F = gatedTransform.build({ weights, sweeps: 1, bound: 0.4 } as never, undefined as never) as { readonly parameters: unknown };
  expect(F.parameters).toEqual({ sweeps: weights });
});

test("a layer is no bijection", async () => {
  const { stout } = await import("../../src/models/index.ts");
  // @ts-expect-error a plain layer has no log det
  expect(() => chain(stout({ rho: 0.1 }))).toThrow(/log det/);
});

describe("steps that have one name", () => {
  const wrong = customOp("wrong", (m: Matrix) => alias(m), (_x, _y, c) => [scaleBy(0.5, c)]);
  const V = hot(geometry, U1, { seed: 6 });
  const step = (broken: boolean) =>
    bijection({
      name: "half",
      params: { rho: real(0.12) },
      forward: (W, { rho }): Image => {
        const { links, term } = half(W, 0, rho);
        return { links: links.map((mu) => (broken ? wrong(links[mu]!) : links[mu]!)) as Links, logDet: term };
      },
    });

  test("a wrong derivative of the second is found", () => {
    expect(check(chain(step(false), step(false)), V).passed).toBe(true);
    const report = check(chain(step(false), step(true)), V);
    expect(report.items.find((i) => i.name === "gradient")).toMatchObject({ status: "fail", where: expect.stringContaining("step 2, half") });
  });

  test("a wrong log det behind more steps than are looked at is found", () => {
    const good = Array.from({ length: 17 }, () => step(false));
    const bad = bijection({ name: "half", params: { rho: real(0.12) }, forward: (W, { rho }): Image => ({ links: half(W, 0, rho).links, logDet: scaleBy(2, half(W, 0, rho).term) }) });
    expect(check(chain(...good, bad), V).items[0]).toMatchObject({ status: "fail", where: "step 18, half" });
  });
});
