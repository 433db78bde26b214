/** Wilson and clover fermions in even-odd form: the numbers of the physics notes, dense matrices, differences, and the whole operator. */
import { describe, expect, test } from "vitest";
import { type DiracOperator, type Links, type LinkField, Field, SU, U1, checkOperator, closedFormLinks, determinantAction, gaugeAction, hmc, hot, lattice, logDeterminant, nearUnit, normalSpectrum, number, pseudofermions, record, staggered, targetOf, wilson } from "gaugegrad";
import { parseRun, builtIn, resolveRun } from "gaugegrad/runs";
import { buildSystem } from "../../src/runs/system/system.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const close = (x: number, y: number, relative: number): void => expect(Math.abs(x - y), `${x} and ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(y)));
const K = (N: number, extents: readonly number[]): LinkField => closedFormLinks(lattice(extents), N, 0.8) as LinkField;
const eliminated = (D: DiracOperator, U: LinkField): number => record((V: Links) => D.eliminated!(V, { kappa: number(V[0]!.tape, D.parameters["kappa"]!) }), U as never).run(U as never) as never as number;

describe("ln det T_o and ln det D = ln det T_o + ln det Dh, kappa = 0.13", () => {
  test.each([
    ["K2", 2, [4, 4, 4, 4], 1.5, -10.6725720673839, 0.240760315065009],
    ["K3s", 3, [2, 2, 2, 2], 1.5, -0.506452268693617, -4.40374261670029],
    ["K3s", 3, [2, 2, 2, 2], 0, 0, -2.88111702514337],
  ] as const)("%s, N = %i, %j, c_SW = %d", (name, N, extents, clover, odd, lnDet) => {
    const U = K(N, extents);
    const D = wilson({ kappa: 0.13, clover, evenOdd: true });
    if (clover === 0) expect(D.eliminated).toBeUndefined();
    else close(eliminated(D, U), odd, 1e-12);
    close(determinantAction(D, { flavours: 1 }).value(U), -lnDet, 1e-11);
    if (name === "K3s") close(logDeterminant(U, D), lnDet, 1e-11);
  });

  test("other fields: two and four dimensions, twists", () => {
    for (const [U, twist] of [[hot(lattice([4, 6]), U1, { seed: 2 }), [0.3, 0.2]], [hot(lattice([2, 2, 2, 4]), SU(2), { seed: 3 }), [0.4, 0, -0.2, 0.5]]] as readonly (readonly [LinkField, number[]])[]) {
      const of = (evenOdd: boolean) => wilson({ kappa: 0.11, clover: 1.2, twist, evenOdd });
      checkOperator(of(true), U);
      close(determinantAction(of(true), { flavours: 2 }).value(U), determinantAction(of(false), { flavours: 2 }).value(U), 1e-11);
    }
  });
});

describe.each([
  ["Wilson, 2D U(1)", U1, [4, 4], 0],
  ["clover, 2D U(1)", U1, [4, 4], 1.3],
  ["Wilson, 4D SU(2)", SU(2), [2, 2, 2, 4], 0],
  ["clover, 4D SU(2)", SU(2), [2, 2, 2, 2], 1.3],
] as const)("pseudofermions: %s", (_name, group, extents, clover) => {
  const geo = lattice(extents);
  const U = nearUnit(geo, group as never, { seed: 4, width: 0.4 }) as LinkField;
  const D = wilson({ kappa: 0.12, clover, evenOdd: true });
  const f = pseudofermions(D, { lattice: geo, group: group as never, flavours: 2 });

  test("two flavours: the field that is drawn has the energy |xi|^2 - 2 ln det T_o; force against differences; the determinant's force is the mean", () => {
    const xi = new Field(geo, D.type(geo, U.N)).set(f.phi.toArray().map((_, k) => Math.sin(1 + k)));
    f.drawFrom(U, xi as never);
    const norm2 = xi.toArray().reduce((s, x) => s + x * x, 0);
    close(f.value(U), norm2 - (clover === 0 ? 0 : 2 * eliminated(D as never, U)), 1e-10);
    close(forceNorms(f.force(U)).dSX, alongDirection((V) => f.value(V), U, 2e-3), 1e-8);
  });

  test("HMC: dH of a trajectory, also led by the exact determinant, a heavier field, and one flavour by roots", () => {
    const gauge = gaugeAction.wilson({ beta: 2 });
    const target = targetOf(gauge.plus(f.action as never) as never, f as never);
    const V = U.clone();
    const step = (guide?: object): number => hmc({ action: target as never, ...(guide ? { guide: guide as never } : {}), integrator: "omelyan", steps: 8, length: 0.5, seed: 1 }).step(V as never).dH;
    expect(Math.abs(step())).toBeLessThan(0.02);
    expect(Math.abs(step(gauge.plus(f.action.with({ ...f.action.inputs, kappa: 0.115 }) as never)))).toBeLessThan(3);
    if (geo.dim === 4) return;
    const { low, high } = normalSpectrum(U, D);
    const one = pseudofermions(D, { lattice: geo, group: group as never, flavours: 1, interval: [low / 2, 2 * high], precision: 1e-9 });
    const over = pseudofermions(D, { lattice: geo, group: group as never, flavours: 2, numerator: wilson({ kappa: 0.08, clover, evenOdd: true }) });
    for (const field of [one, over]) {
      field.drawFrom(U, new Field(geo, field.phi.type).set(field.phi.toArray().map((_, k) => Math.cos(k))) as never);
      close(forceNorms(field.force(U)).dSX, alongDirection((W) => field.value(W), U, 2e-3), 1e-7);
    }
  });
});

test("in run files, and what does not fit", () => {
  const text = (more: string, extents = "4, 4"): string => `group = "U(1)"\n[lattice]\nextents = [${extents}]\n[action]\nbeta = 2.0\n[fermions]\nkind = "clover"\nkappa = 0.2\n${more}\n[sampler]\nsteps = 3\n`;
  const resolved = (t: string) => resolveRun("hmc", { configuration: parseRun(t, "test"), base: ".", registry: builtIn });
  expect(buildSystem(resolved(text("evenOdd = true")), {}).fermions[0]!.name).toBe("clover (even-odd) Nf=2 kappa=0.2");
  expect(() => resolved(text("evenOdd = true", "3, 4"))).toThrow(/fermions\[0\]\.evenOdd: got true with the extents 3, 4/);
  expect(() => wilson({ kappa: 0.1, evenOdd: true }).type(lattice([3, 4]), 1)).toThrow(/even extents/);
  expect(() => checkOperator(staggered({ mass: 0.2 }), K(2, [4, 4]))).not.toThrow();
});
