/** Paths, families of loops, staples and loop actions against site-by-site products and hand-written staple forces. */
import { describe, expect, test } from "vitest";
import { type LinkField, type Links, record } from "../../src/autograd/index.ts";
import {
  type LoopName, type Path, cloverStrength, closedFormLinks, directionField, drawPath, gaugeAction, lattice, leaves, loopAction, loopProduct, loopStaple, loopTrace, namedLoops, orientations,
  parsePath, pathProduct, pathText, plaquette, plaquetteStrength, rectangleStrength, reversePath, staple, staplePaths, staples,
} from "../../src/gauge/index.ts";
import { HostLinks, dagger, multiply, scaled, sumOf, trace, tracelessAntihermitian } from "./host.ts";
import { fixture, fixtureDirections, fixtureLinks, maxDifference, metadata, moved } from "./helpers.ts";

const geometries: [number[], number][] = [[[3, 4], 1], [[2, 3, 4], 2], [[2, 3, 2, 4], 3], [[4, 2], 4]];

describe("paths", () => {
  test.each(geometries)("products on %j, N = %i", (extents, N) => {
    const geo = lattice(extents);
    const U = closedFormLinks(geo, N, 0.8);
    const host = new HostLinks(U);
    const last = geo.dim;
    const paths: (readonly number[])[] = [[1, 1, 2], [-1, 2, 2, 1, -2, -2], [last, last, last, -1, -last], [-2, -2, -2, -1, -1], [1, -1, 2, 1], []];
    for (const path of paths) {
      const got = record((V: Links) => pathProduct(V, path), U).run(U).toArray();
      for (let n = 0; n < geo.volume; n++) expect(maxDifference(got.slice(n * 2 * N * N, (n + 1) * 2 * N * N), host.product(geo.coordinates(n), path))).toBeLessThan(1e-14);
    }
    // every closed loop: the product by halves and (1/N) tr
    for (const path of [...namedLoops(geo, "plaquette"), ...namedLoops(geo, "rectangle"), ...namedLoops(geo, "polyakov"), [1], [-1, -1]] as Path[]) {
      if (path.length < 3 && path.length !== geo.extents[0]) continue;
      const got = record((V: Links) => ({ product: loopProduct(V, path), trace: loopTrace(V, path) }), U).run(U);
      for (let n = 0; n < geo.volume; n++) {
        const exact = host.product(geo.coordinates(n), path);
        expect(maxDifference(got.product.toArray().slice(n * 2 * N * N, (n + 1) * 2 * N * N), exact)).toBeLessThan(1e-14);
        expect(maxDifference(got.trace.toArray().slice(2 * n, 2 * n + 2), Float64Array.from(trace(exact, N), (x) => x / N))).toBeLessThan(1e-14);
      }
    }
  });

  test("text, reversal, errors", () => {
    const geo = lattice([4, 4, 4]);
    expect(parsePath(geo, "+2x -y +t")).toEqual([1, 1, -2, 3]);
    expect(pathText(geo, reversePath([1, 1, -2, 3]))).toBe("-t +y -x -x");
    expect(() => parsePath(geo, "+z")).toThrow(/got the step "\+z"/);
    const U = closedFormLinks(geo, 2, 0.1);
    expect(() => record((V: Links) => pathProduct(V, [1, 4]), U)).toThrow(/got the step 4, expected \+-1 to \+-3/);
    for (const f of [(V: Links) => plaquette(V, 1, 1), (V: Links) => staple(V, 1, 1, 1), (V: Links) => leaves(V, 1, 1, 2, 1), (V: Links) => plaquetteStrength(V, 1, 1), (V: Links) => cloverStrength(V, 1, 1), (V: Links) => rectangleStrength(V, 1, 1)])
      expect(() => record(f, U)).toThrow(/^\w+: got nu = 1, expected a direction from 0 to 2 other than mu = 1$/);
    expect(() => record((V: Links) => staples(V, 1, [1]), U)).toThrow(/^staples: got no direction other than mu = 1, expected at least one: [^\n]*$/);
    expect(() => record((V: Links) => loopTrace(V, [1, 2]), U)).toThrow(/loop \+x \+y: the path is open: got \[0 -> \+x\+y\]/);
  });
});

describe("families of loops", () => {
  test.each([
    ["plaquette", 1, 3, 6],
    ["rectangle", 2, 6, 12],
    ["parallelogram", undefined, 4, 16],
    ["chair", undefined, 12, 48],
  ] as const)("%s: %s, %i, %i members in 2, 3, 4 dimensions", (name, two, three, four) => {
    [two, three, four].forEach((count, k) => {
      const geo = lattice([4, 4, 4, 4].slice(0, k + 2));
      if (count === undefined) expect(() => namedLoops(geo, name)).toThrow(/does not fit into 2 dimensions/);
      else expect(namedLoops(geo, name)).toHaveLength(count);
    });
  });

  test("each loop once: no two members are equal up to start and sense; any member generates the family", () => {
    const chairs = namedLoops(lattice([4, 4, 4, 4]), "chair");
    const all = new Set(chairs.flatMap((p) => [p, reversePath(p)].flatMap((q) => q.map((_, k) => [...q.slice(k), ...q.slice(0, k)].join()))));
    expect(all.size).toBe(48 * 12);
    expect(orientations(chairs[17]!, 4)).toEqual(chairs);
    expect(orientations([1, 2, -1, -2], 4).map((p) => p.join())).toEqual(["1,2,-1,-2", "1,3,-1,-3", "1,4,-1,-4", "2,3,-2,-3", "2,4,-2,-4", "3,4,-3,-4"]);
  });

  test("lines with a kink: aside along every other axis and at every place, each loop once", () => {
    const geo = lattice([4, 4, 4, 4]);
    const kinked = namedLoops(geo, "kinked-t");
    // a step aside in 6 directions for 1, 2 or 3 of 4 steps; aside for k steps is aside the other way for the rest
    expect(kinked).toHaveLength(9);
    for (const loop of kinked) {
      expect(loop).toHaveLength(6);
      expect(loop.filter((s) => Math.abs(s) === 4)).toHaveLength(4);
    }
    const all = new Set(kinked.flatMap((p) => [p, reversePath(p)].flatMap((q) => q.map((_, k) => [...q.slice(k), ...q.slice(0, k)].join()))));
    expect(all.size).toBe(9 * 12);
    for (const p of [[1, 4, -1, 4, 4, 4], [-3, 4, 4, 3, 4, 4], [2, 4, 4, 4, -2, 4]]) expect(all).toContain(p.join());
    expect([namedLoops(geo, "kinked-space").length, namedLoops(geo, "kinked").length]).toEqual([27, 36]);
    expect(namedLoops(lattice([2, 6]), "kinked-t")).toHaveLength(5);
  });

  test("lines around the torus, unknown names, open paths", () => {
    const geo = lattice([2, 3, 4]);
    expect(namedLoops(geo, "polyakov")).toEqual([[1, 1], [2, 2, 2], [3, 3, 3, 3]]);
    expect(namedLoops(geo, "polyakov-t")).toEqual([[3, 3, 3, 3]]);
    expect(() => namedLoops(geo, "kinked-u")).toThrow(/got the name "kinked-u"/);
    expect(() => namedLoops(geo, "square" as LoopName)).toThrow(/got the name "square", expected plaquette, rectangle/);
    expect(() => orientations([1, 1], 3)).toThrow(/returns to its start/);
  });

  test("number of staples of a link", () => {
    const geo = lattice([4, 6, 5, 3]);
    for (let mu = 0; mu < 4; mu++) {
      const count = (name: LoopName): number => namedLoops(geo, name).flatMap((p) => staplePaths(p, mu)).length;
      expect([count("plaquette"), count("rectangle"), count("polyakov")]).toEqual([6, 18, 1]);
      expect(count("chair")).toBe((48 * 6) / 4);
    }
    expect(staplePaths([4, 4, 4], 3)).toEqual([[-4, -4]]);
  });

  test.each([[[3, 4], 1], [[2, 3, 4], 2], [[2, 3, 2, 4], 3]] as [number[], number][])("staples close the loops: %j, N = %i", (extents, N) => {
    const geo = lattice(extents);
    const U = closedFormLinks(geo, N, 0.8);
    const host = new HostLinks(U);
    const families: LoopName[] = geo.dim > 2 ? ["plaquette", "rectangle", "chair", "polyakov"] : ["plaquette", "rectangle", "polyakov"];
    for (const name of families)
      for (let mu = 0; mu < geo.dim; mu++) {
        const loops = namedLoops(geo, name);
        const got = record((V: Links) => loopStaple(V, loops, mu), U).run(U).toArray();
        const paths = loops.flatMap((p) => staplePaths(p, mu));
        for (let n = 0; n < geo.volume; n += 5) {
          const exact = sumOf(paths.map((p) => host.product(geo.coordinates(n), p)));
          expect(maxDifference(got.slice(n * 2 * N * N, (n + 1) * 2 * N * N), exact)).toBeLessThan(1e-13);
        }
      }
    const both = record((V: Links) => ({ a: loopStaple(V, namedLoops(geo, "plaquette"), 0), b: staples(V, 0) }), U).run(U);
    expect(maxDifference(both.a.toArray(), both.b.toArray())).toBeLessThan(1e-14);
    const none = record((V: Links) => loopStaple(V, namedLoops(geo, "polyakov-t"), 0), U).run(U);
    expect(none.toArray().every((x) => x === 0)).toBe(true);
  });
});

describe("pictures", () => {
  test("plaquette, rectangle, chair, staple", () => {
    const geo = lattice([4, 4, 4, 4]);
    const picture = (path: Path | string): string[] => drawPath(geo, path).split("\n");
    expect(picture("+x +y -x -y")).toEqual(["+x +y -x -y   (right x, up y)", "+--<--+", "v     |", "|     ^", "o-->--+"]);
    expect(picture([4, 4, 2, -4, -4, -2])).toEqual(["+t +t +y -t -t -y   (right t, up y)", "+--<--+--<--+", "v           |", "|           ^", "o-->--+-->--+"]);
    expect(picture("+x +y -x +z -y -z")).toEqual([
      "+x +y -x +z -y -z   (right x, up y, up right z)", "  +", " /v", "+--<--+", "  +   |", " /    ^", "o-->--+",
    ]);
    expect(picture("-y +x +y")).toEqual(["-y +x +y   (right y, up x)", "+-->--+", "|", "^", "+--<--o"]);
  });
});

/** F = (beta/2N) TA(U C^+) with C = c0 (plaquette staples) + c1 (rectangle staples), every path written out. */
function staplesByHand(U: LinkField, c0: number, c1: number, beta: number): Float64Array[] {
  const { lattice: geo, N } = U;
  const host = new HostLinks(U);
  return geo.extents.map((_, mu) => {
    const out = new Float64Array(geo.volume * 2 * N * N);
    for (let n = 0; n < geo.volume; n++) {
      const x = geo.coordinates(n);
      const m = mu + 1;
      const parts = geo.extents.flatMap((__, k) => {
        if (k === mu) return [];
        return [k + 1, -k - 1].flatMap((v) => [
          scaled(c0, host.product(x, [v, m, -v])),
          // the link as the short side, as the first and as the second half of the long side
          ...[[v, v, m, -v, -v], [v, m, m, -v, -m], [-m, v, m, m, -v]].map((p) => scaled(c1, host.product(x, p))),
        ]);
      });
      out.set(scaled(beta / (N === 1 ? 1 : 2 * N), tracelessAntihermitian(multiply(host.link(x, mu), dagger(sumOf(parts), N), N), N)), n * 2 * N * N);
    }
    return out;
  });
}

describe("gauge actions", () => {
  const actions = [
    ["wilson", 0],
    ["symanzik", -1 / 12],
    ["iwasaki", -0.331],
    ["dbw2", -1.4088],
  ] as const;
  test.each(actions.flatMap(([name, c1]) => ([[[3, 4], 1], [[3, 2, 4], 2], [[3, 4, 3, 3], 3], [[2, 2, 3, 2], 3], [[4, 3], 4]] as [number[], number][]).map(([e, N]) => [name, c1, e, N] as const)))(
    "%s (c1 = %f) on %j, N = %i: value by loops, force by staples",
    (name, c1, extents, N) => {
      const geo = lattice(extents);
      const U = closedFormLinks(geo, N, 0.8);
      const host = new HostLinks(U);
      const beta = 1.7;
      const S = gaugeAction[name]({ beta });
      const term = (x: readonly number[], p: Path): number => 1 - trace(host.product(x, p), N)[0] / N;
      const exact = host.sumOverSites((x) => {
        let s = 0;
        for (let m = 1; m <= geo.dim; m++)
          for (let v = 1; v <= geo.dim; v++) {
            if (m < v) s += (1 - 8 * c1) * term(x, [m, v, -m, -v]);
            if (m !== v && c1 !== 0) s += c1 * term(x, [m, m, v, -m, -m, -v]);
          }
        return beta * s;
      });
      expect(Math.abs(S.value(U) / exact - 1)).toBeLessThan(1e-13);
      const F = S.force(U);
      const hand = staplesByHand(U, 1 - 8 * c1, c1, beta);
      F.fields.forEach((f, mu) => expect(maxDifference(f.toArray(), hand[mu]!)).toBeLessThan(1e-12));
    },
  );

  test("any set of loops: force by finite differences and by staples, weights by parameterGradient", () => {
    const geo = lattice([3, 4, 3]);
    const N = 3;
    const U = closedFormLinks(geo, N, 0.8);
    const loops = [
      { name: "plaquette", weight: 0.8 },
      { name: "chair", weight: -0.07 },
      { name: "polyakov-t", weight: 0.3 },
      { path: "+2x +y -2x -y", weight: 0.11 },
    ] as const;
    const S = loopAction({ beta: 2.1, loops });
    const X = directionField(geo, N);
    const at = (s: number): number => S.value(moved(U, X, s));
    const h = 1e-2;
    const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    const F = S.force(U);
    const along = F.fields.reduce((s, f, mu) => s + 2 * dotOf(f.toArray(), X.toArray(mu)), 0);
    expect(Math.abs(along / numeric - 1)).toBeLessThan(1e-7);
    // F = (beta/2N) sum_k w_k TA(U C_k^+); the line around the torus is met L times in the sum over sites
    const host = new HostLinks(U);
    const weighted = loops.flatMap((l) => ("name" in l ? namedLoops(geo, l.name) : [parsePath(geo, l.path)]).map((path) => ({ path, weight: l.weight * ("name" in l && l.name === "polyakov-t" ? 3 : 1) })));
    F.fields.forEach((f, mu) => {
      const data = f.toArray();
      for (let n = 0; n < geo.volume; n++) {
        const x = geo.coordinates(n);
        const C = sumOf(weighted.flatMap(({ path, weight }) => staplePaths(path, mu).map((p) => scaled(weight, host.product(x, p)))));
        const exact = scaled(2.1 / (2 * N), tracelessAntihermitian(multiply(host.link(x, mu), dagger(C, N), N), N));
        expect(maxDifference(data.slice(n * 18, n * 18 + 18), exact)).toBeLessThan(1e-13);
      }
    });
    const { value, gradient } = S.parameterGradient(U);
    expect(Math.abs(gradient.beta * 2.1 - value)).toBeLessThan(1e-11);
    expect(Math.abs(gradient.weights.reduce((s, g, k) => s + g * loops[k]!.weight, 0) - value)).toBeLessThan(1e-11);
    expect(gradient.weights[2]! / 2.1).toBeCloseTo(geo.volume - host.sumOverSites((x) => trace(host.product(x, [3, 3, 3]), N)[0] / N), 10);
    expect(() => loopAction({ beta: 1, loops: [] })).toThrow(/got \[\] as loops, expected/);
  });

  test.each(["random_2x2x2x2", "random_4x4x4x4"].filter((name) => fixture(name)))("%s of the Rust port: plaquette, action, dS/dU, force", (name) => {
    const U = fixtureLinks(name);
    const { volume } = U.lattice;
    const meta = metadata(name) as { beta: number };
    const S = gaugeAction.wilson({ beta: meta.beta });
    const [plaq, energy] = name === "random_2x2x2x2" ? [-0.009508755537122262, 5.477043189382423] : [-0.004338191299781562, 39.98077101878688];
    const value = S.value(U);
    expect(Math.abs(1 - value / (meta.beta * 6 * volume) - plaq)).toBeLessThan(1e-13);
    expect(Math.abs(value - 6 * meta.beta * volume - energy)).toBeLessThan(1e-10);
    // dsdu = (beta/2) C^+
    const { data } = fixtureDirections(name, "dsdu");
    U.lattice.extents.forEach((_, mu) => {
      const C = record((V: Links) => staples(V, mu), U).run(U).toArray();
      for (let n = 0; n < volume; n++) expect(maxDifference(scaled(meta.beta / 2, dagger(C.slice(18 * n, 18 * n + 18), 3)), data[mu]!.slice(18 * n, 18 * n + 18))).toBeLessThan(1e-12);
    });
  });
});

const dotOf = (a: Float64Array, b: Float64Array): number => a.reduce((s, x, k) => s + x * b[k]!, 0);
