/** Leaves of a structure have one order, for inputs of programs, parameters, optimisers and model files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { adam, cask, closedFormLinks, countParameters, effectiveAction, gaugeAction, grad, layer, lattice, pairing, parameterSpace, readModel, real, record, saveModel } from "gaugegrad";
import type { Scalar } from "gaugegrad";
import { concreteLeaves } from "../../src/autograd/index.ts";
import { isBranch, leavesOf, mapLeaves, nameOf, placesOf, pruned, valueAt } from "../../src/util/index.ts";

const structure = { zeta: 1, alpha: [2, { y: 3, b: 4 }], mid: { k: [], last: 5 } };

describe("the walker", () => {
  test("arrays by index, objects as they were written, depth first", () => {
    expect(leavesOf(structure).map(({ value, path }) => [nameOf(path), value])).toEqual([["zeta", 1], ["alpha.0", 2], ["alpha.1.y", 3], ["alpha.1.b", 4], ["mid.last", 5]]);
    expect(placesOf(structure).map(({ path }) => nameOf(path))).toEqual(["", "zeta", "alpha", "alpha.0", "alpha.1", "alpha.1.y", "alpha.1.b", "mid", "mid.k", "mid.last"]);
    expect(leavesOf(7)).toEqual([{ value: 7, path: [] }]);
  });

  test("a map keeps the structure and meets the leaves in their order", () => {
    const met: string[] = [];
    const twice = mapLeaves(structure, (x, path) => (met.push(nameOf(path)), 2 * (x as number)));
    expect(JSON.stringify(twice)).toBe('{"zeta":2,"alpha":[4,{"y":6,"b":8}],"mid":{"k":[],"last":10}}');
    expect(met).toEqual(leavesOf(structure).map(({ path }) => nameOf(path)));
  });

  test("branches can be leaves, objects with a class always are", () => {
    const pair = (x: unknown): boolean => isBranch(x) && "b" in x;
    expect(leavesOf(structure, pair).map(({ path }) => nameOf(path))).toEqual(["zeta", "alpha.0", "alpha.1", "mid.last"]);
    expect(mapLeaves(structure, (x) => (pair(x) ? "pair" : x), pair)).toEqual({ zeta: 1, alpha: [2, "pair"], mid: { k: [], last: 5 } });
    expect(pruned({ a: undefined, b: [{ c: undefined, d: 1 }, pruned], e: { f: new Map() } }, (_, x) => x === undefined)).toEqual({ b: [{ d: 1 }, pruned], e: { f: new Map() } });
    expect(pruned({ module: "x", hash: 1, in: { module: "y" } }, (key, _, from) => key === "module" && "hash" in from)).toEqual({ hash: 1, in: { module: "y" } });
    expect(Object.keys(pruned(structure, () => false) as object)).toEqual(Object.keys(structure));
    expect([new Map(), new Float64Array(2), null, undefined, "x"].some(isBranch)).toBe(false);
  });

  test("what lies at a path", () => {
    for (const { value, path } of placesOf(structure)) expect(valueAt(structure, path)).toBe(value);
    for (const path of [["none"], ["zeta", "x"], ["alpha", "2"], ["constructor"], ["alpha", "map"]]) expect(valueAt(structure, path)).toBeUndefined();
  });
});

describe("one order of leaves", () => {
  const values = [0.5, 0.25, 0.125, 0.0625];
  const stack = layer({
    name: "unsorted",
    params: { zeta: real(values[0]!), alpha: [real(values[1]!), { y: real(values[2]!), b: real(values[3]!) }] },
    forward: (U) => U,
  });
  const names = ["zeta", "alpha.0", "alpha.1.y", "alpha.1.b"];

  test("parameters, tape, model file and effective action", () => {
    const { parameters } = stack;
    expect(parameterSpace(parameters).names).toEqual(names);
    expect([...parameterSpace(parameters).flatten(parameters)]).toEqual(values);
    expect(concreteLeaves(parameters).map((l) => l.value)).toEqual(values);
    const U = closedFormLinks(lattice([2, 2], { backend: "js" }), 2, 0.3);
    // the inputs of a program are numbered as they stand
    const seen: number[] = [];
    record((V, p) => (seen.push(...leavesOf(p).map(({ value }) => (value as Scalar).id)), V[0]!), U, parameters);
    expect(seen).toEqual([2, 3, 4, 5]);
    const effective = effectiveAction({ gauge: gaugeAction.wilson({ beta: 2 }), fermions: gaugeAction.wilson({ beta: 1 }), network: stack });
    expect(effective.names).toEqual(names.map((n) => `network.${n}`));
    expect([...effective.parameters]).toEqual(values);
    const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
    try {
      saveModel(join(folder, "m"), { name: "unsorted", network: stack as never, declaration: null, group: 2, dimension: 2, training: null });
      const model = readModel(join(folder, "m"));
      expect(model.names).toEqual(names);
      expect([...model.values]).toEqual(values);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("an optimiser's vector has the places of the parameters", () => {
    const space = parameterSpace(stack.parameters);
    // one step of Adam moves every parameter against the sign of its own derivative
    const signs = [1, -1, -1, 1];
    const optimiser = adam({ rate: 0.01 });
    const moved = optimiser.step(space.flatten(stack.parameters), { gradient: () => Float64Array.from(signs) }, optimiser.start(space.size));
    const after = space.unflatten(moved.parameters);
    expect(leavesOf(after).map(({ value }, k) => Math.sign((value as number) - values[k]!))).toEqual(signs.map((s) => -s));
    expect(countParameters(after)).toBe(4);
  });

  test("two structures are paired by their keys, however they were written", () => {
    const U = closedFormLinks(lattice([2, 2], { backend: "js" }), 2, 0.3);
    type P = { a: Scalar; b: Scalar };
    const p = record((V, x, y) => ({ v: V[0]!, s: pairing(x, y) }), U, { a: 2, b: 3 }, { b: 5, a: 7 }).run(U, { b: 3, a: 2 }, { a: 7, b: 5 });
    expect(p.s).toBe(2 * 7 + 3 * 5);
    const g = grad((x: P, _V: never) => pairing(x, { b: x.a, a: x.b }))({ b: 3, a: 2 } as never, U as never) as unknown as { a: number; b: number };
    expect([g.a, g.b]).toEqual([2 * 3, 2 * 2]);
    expect(() => record((V, x, y) => ({ v: V[0]!, s: pairing(x, y) }), U, { a: 2, b: 3 }, { a: 7, c: 5 })).toThrow(/pairing: got 2 and 2 traced values, 1 of them in the same places/);
  });

  test("CASK keeps its order: rho, rhoQ, rhoK, rhoV", () => {
    expect(parameterSpace(cask().parameters).names).toEqual(["rho", "rhoQ", "rhoK", "rhoV"]);
  });
});
