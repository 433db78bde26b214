/** Operators of a user's own, a Wilson-like one with terms of its own and a staggered one with other hops: determinants, pseudofermions, guides and targets, against dense matrices and differences. */
import { describe, expect, test } from "vitest";
import { type DiracOperator, Field, type GaugeAction, type Group, type LinkField, type Links, SU, U1, add, checkOperator, determinantAction, gaugeAction, hmc, lattice, logDet, logDeterminant, nearUnit, normalSpectrum, number, pseudofermions, record, scaleBy, targetOf } from "gaugegrad";
import { randomStream } from "../../src/util/index.ts";
import { determinant } from "./complex-matrix.ts";
import { alongDirection, forceNorms, matrixOf } from "./helpers.ts";
import { doublet, globalFactor, inverseLaplacian, longStaggered, twistedWilson } from "./own-operators.ts";

const close = (x: number, y: number, relative: number): void => expect(Math.abs(x - y), `${x} and ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(y)));

const cases: readonly (readonly [string, DiracOperator, Group, readonly number[]])[] = [
  ["twisted Wilson, 2D U(1)", twistedWilson(0.5), U1, [4, 6]],
  ["twisted Wilson, 4D SU(2)", twistedWilson(1), SU(2), [2, 2, 2, 2]],
  ["staggered with long hops, 2D U(1)", longStaggered(0.3), U1, [4, 6]],
  ["staggered with long hops, 4D SU(2)", longStaggered(0.3), SU(2), [4, 2, 2, 2]],
  ["hops with a global factor, no normal operator", globalFactor(0.4), SU(2), [4, 2]],
  ["no parameters, three dimensions", doublet() as never, SU(2), [2, 3, 2]],
  ["with a solve inside", inverseLaplacian(0.5), U1, [4, 4]],
];

describe.each(cases)("%s", (_name, D, group, extents) => {
  const geo = lattice(extents);
  const place = { lattice: geo, group };
  const U = nearUnit(geo, group, { seed: 3, width: 0.5 }) as LinkField;
  const one = D.flavours(geo);
  const flavours = D.evenBlock ? one : 2 * one;
  const gauge = gaugeAction.wilson({ beta: 2 }) as GaugeAction<number, unknown>;

  test("keeps what it promises", () => checkOperator(D, U));

  test("determinant: dense matrix, op of the tape, force and derivatives with its parameters", () => {
    const lnDet = Math.log(Math.hypot(...determinant(matrixOf(D, U))));
    const op = record((V: Links) => logDet(D.on(V, Object.fromEntries(Object.entries(D.parameters).map(([k, x]) => [k, number(V[0]!.tape, x)]))).D, D.type(geo, group.N), V), U as never).run(U as never) as never as number;
    for (const value of [op, logDeterminant(U, D), determinantAction(D, { flavours: 2 * one }).value(U) / -2]) close(value, lnDet, 1e-11);
    const S = determinantAction(D, { flavours: 2 * one });
    close(forceNorms(S.force(U)).dSX, alongDirection((V) => S.value(V), U, 2e-3), 1e-8);
    const { gradient } = S.parameterGradient(U);
    for (const [key, x] of Object.entries(D.parameters)) {
      const at = (h: number): number => S.with({ ...D.parameters, [key]: x + h }).value(U);
      close(gradient[key]!, (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3, 1e-8);
    }
  });

  test("pseudofermions, with and without roots: energy of a drawn field, force", () => {
    const { low, high } = normalSpectrum(U, D);
    const f = pseudofermions(D, { ...place, flavours });
    const root = pseudofermions(D, { ...place, flavours: flavours / 2, interval: [low / 2, 2 * high], precision: 1e-7 });
    for (const field of geo.dim === 2 ? [f, root] : [f]) {
      field.refresh(U, 0, randomStream(4));
      close(forceNorms(field.force(U)).dSX, alongDirection((V) => field.value(V), U, 2e-3), 1e-7);
    }
    // phi = A^{1/2} xi has the energy |xi|^2
    const xi = new Field(geo, f.phi.type).set(f.phi.toArray().map((_, k) => Math.sin(1 + k)));
    const norm2 = xi.toArray().reduce((s, x) => s + x * x, 0);
    if (geo.dim === 2) {
      root.drawFrom(U, xi);
      close(root.value(U), norm2, 1e-6);
    }
    if (D.evenBlock) return;
    f.drawFrom(U, xi);
    close(f.value(U), norm2, 1e-9);
  });

  test("target and guide: its own force, an exact guide, a shared field; a field of the guide's own is refused", () => {
    const f = pseudofermions(D, { ...place, flavours });
    const det = determinantAction(D, { flavours }) as GaugeAction<number, unknown>;
    const target = targetOf(gauge.plus(f.action as never), f as never);
    const [first] = Object.keys(D.parameters);
    const shared = gauge.plus(f.action.with({ ...f.action.inputs, ...(first === undefined ? {} : { [first]: 1.05 * D.parameters[first]! }) } as never) as never);
    const V = U.clone();
    const step = (action: typeof target, guide?: object): number => hmc({ action, ...(guide ? { guide: guide as never } : {}), integrator: "omelyan", steps: 8, length: 0.4, seed: 1 }).step(V).dH;
    expect(Math.abs(step(target))).toBeLessThan(0.02);
    expect(Math.abs(step(gauge.plus(det as never)))).toBeLessThan(0.02);
    expect(Math.abs(step(target, gauge.plus(det as never)))).toBeLessThan(10);
    expect(Math.abs(step(target, shared))).toBeLessThan(10);
    const own = pseudofermions(D, { ...place, flavours });
    expect(() => step(target, targetOf(gauge.plus(own.action as never), own as never))).toThrow(/auxiliary fields of its own.*another distribution/);
    expect(() => step(target, own)).toThrow(/another distribution/);
  });
});

describe("what an operator promises and does not keep is found", () => {
  const U = nearUnit(lattice([4, 4]), U1, { seed: 2, width: 0.4 }) as LinkField;
  const good = longStaggered(0.3);
  const on = (change: (maps: ReturnType<DiracOperator["on"]>) => object): DiracOperator["on"] => ((V, p) => {
    const maps = good.on(V, p as never);
    return { ...maps, ...change(maps as never) };
  }) as DiracOperator["on"];
  test.each([
    ["an adjoint", { ...good, on: on(({ D }) => ({ Ddag: D })) }, /<y, D x> = .*as Ddag is the adjoint of D: correct Ddag/],
    ["a normal operator", { ...good, on: on(({ normal }) => ({ normal: (x: never) => scaleBy(1.01, normal!(x)) })) }, /\|normal x - Ddag D x\| = 1\.00e-2/],
    ["an even block", { ...twistedWilson(0.5), evenBlock: true }, /even/],
    ["a lower bound", { ...good, spectrum: () => ({ low: 3 }) }, /between 3 and Infinity, the bounds that it declares/],
    ["an upper bound", { ...good, spectrum: () => ({ high: 0.5 }) }, /between 0 and 0\.5/],
    ["a shift", { ...good, normalShift: ({ mass }: { mass: number }) => mass }, /correct normalShift/],
    ["a type", { ...good, on: on(({ D }) => ({ D: (x: never) => add(D(x), scaleBy(1, (D as never as (y: never) => never)(x))) })) }, /Ddag/],
  ] as never as readonly (readonly [string, DiracOperator, RegExp])[])("%s", (_name, D, message) => {
    expect(() => checkOperator(D, U)).toThrow(message);
  });
  test("a shift that is right", () => checkOperator({ ...good, normalShift: ({ mass }: { mass: number }) => mass * mass } as never, U));
});
