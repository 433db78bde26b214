/** Powers of ratios of staggered operators, several fields in place of one, chains of masses on time scales of their own. */
import { describe, expect, test } from "vitest";
import { type Hmc, type LinkField, type VectorType, Field, GaugeAction, SU, U1, closedFormLinks, cold, determinantAction, evaluateRational, gaugeAction, hmc, hot, lattice, pseudofermions, rootPseudofermions, runChain, staggered, summarise, targetOf, wilson } from "gaugegrad";
import { ratioPower } from "../../src/fermions/ratio.ts";
import { ConfigurationError } from "../../src/errors.ts";
import { gammaMethod, randomStream } from "../../src/util/index.ts";
import { alongDirection, forceNorms } from "./helpers.ts";

const close = (x: number, y: number, relative: number): void => expect(Math.abs(x - y), `${x} and ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(y)));
const [light, heavy] = [staggered({ mass: 0.3 }), staggered({ mass: 0.4 })];

test.each([-1 / 2, -1 / 4, 1 / 8, -3 / 4])("(x / (x + c))^%d for x from the bound to anywhere", (power) => {
  const [c, low] = [0.07, 0.09];
  const r = ratioPower(power, { c, low, precision: 1e-12 });
  expect(r.shifts.length).toBeLessThan(10);
  for (const x of [0.09, 0.1, 0.2, 1, 4, 16, 1e4]) close(evaluateRational(r, x), (x / (x + c)) ** power, 2e-12);
});

describe("k fields of a ratio", () => {
  const geo = lattice([4, 2, 2, 4]);
  const U = closedFormLinks(geo, 2 as number, 0.7) as LinkField;
  const make = (roots: number) => rootPseudofermions(light, { lattice: geo, group: SU(2) as never, flavours: 4, numerator: heavy, roots });

  test.each([1, 2, 4, 8])("k = %i: S of a drawn field is |xi|^2, the force is that of differences", (roots) => {
    const f = make(roots);
    f.refresh(U, 1, randomStream(3));
    let size = 0;
    for (const part of f.fields) {
      const xi = new Field(geo, part.phi.type as VectorType);
      const again = pseudofermions(light, { lattice: geo, group: SU(2) as never, flavours: 4 / roots, numerator: heavy });
      xi.set(xi.toArray().map((_, k) => Math.sin(k)));
      if (roots > 1) {
        again.drawFrom(U, xi as never);
        close(again.value(U), xi.toArray().reduce((s, x) => s + x * x, 0), 1e-10);
      }
      size += part.phi.toArray().reduce((s, x) => s + x * x, 0);
    }
    expect(size).toBeGreaterThan(1);
    // different fields draw different numbers
    expect(new Set(f.fields.map((x) => x.phi.toArray().join())).size).toBe(roots);
    close(forceNorms(f.force(U)).dSX, alongDirection((V) => f.value(V), U, 2e-3), 2e-7);
  });

  test("on a constant vector with periodic boundaries, which D annihilates, R is m^2 / m_h^2", () => {
    const options = { boundary: [1, 1, 1, 1] as const };
    for (const roots of [1, 2, 4]) {
      const f = pseudofermions(staggered({ mass: 0.3, ...options }), { lattice: geo, group: SU(2) as never, flavours: 4 / roots, numerator: staggered({ mass: 0.4, ...options }) });
      f.phi.set(f.phi.toArray().map((_, k) => (k % 2 === 0 ? 1 : 0)));
      const size = f.phi.toArray().reduce((s, x) => s + x * x, 0);
      close(f.value(cold(geo, SU(2)) as LinkField), size * (0.09 / 0.16) ** (-1 / roots), 1e-11);
    }
  });

  test("the noise averages to the exact ratio of determinants: <exp(-dS)> between two fields of links", () => {
    const V = closedFormLinks(geo, 2 as number, 0.74) as LinkField;
    const S = determinantAction(light, { flavours: 4, numerator: heavy });
    const expected = Math.exp(-(S.value(V) - S.value(U)));
    const variances = [1, 4].map((roots) => {
      const f = make(roots);
      const values = Array.from({ length: 400 }, (_, t) => {
        f.refresh(U, t, randomStream(7));
        return Math.exp(-(f.value(V) - f.value(U)));
      });
      const { mean, error } = gammaMethod(values);
      expect(Math.abs(mean - expected)).toBeLessThan(4 * error);
      return error ** 2;
    });
    expect(variances[1]! / variances[0]!).toBeLessThan(0.5);
  });

  test("parameters that the approximation is not made for are refused; so are roots out of range", () => {
    const f = pseudofermions(light, { lattice: geo, group: SU(2) as never, flavours: 2, numerator: heavy });
    expect(() => f.action.with({ mass: 0.35, phi: f.phi } as never)).toThrow(/made for|approximated for these parameters/);
    expect(() => make(0)).toThrow(ConfigurationError);
    expect(() => rootPseudofermions(wilson({ kappa: 0.1 }), { lattice: geo, group: SU(2) as never, flavours: 2, roots: 2 })).toThrow(/interval/);
  });
});

test("a chain of three masses, each on its own time scale, samples the exact determinant of the lightest", () => {
  const geo = lattice([4, 4]);
  const [masses, gauge] = [[0.2, 0.5, 1.2], gaugeAction.wilson({ beta: 2 })];
  const fields = masses.map((mass, k) => pseudofermions(staggered({ mass }), { lattice: geo, group: U1 as never, flavours: 2, ...(k + 1 < masses.length ? { numerator: staggered({ mass: masses[k + 1]! }) } : {}) }));
  const run = (sampler: Hmc) => summarise(runChain({ sampler: sampler as never, U: hot(geo, U1, { seed: 4 }) as LinkField, trajectories: 1200, thermalisation: 50, measure: { plaquette: (V: LinkField) => 1 - gauge.value(V as never) / 2 / 16 } as never }));
  let sum = gauge as unknown as GaugeAction;
  for (const f of fields) sum = sum.plus(f.action as never) as unknown as GaugeAction;
  const target = targetOf(sum as never, ...(fields as never[]));
  const chain = run(hmc<number>({ action: target as never, length: 1, seed: 2, levels: [...fields, gauge].map((action, k) => ({ action: { force: (V: never, into: never) => (action as never as { force: (a: never, b: never) => never }).force(V, into) }, integrator: "omelyan", steps: k === 0 ? 2 : k === 3 ? 2 : 1 })) as never }));
  const whole = run(hmc<number>({ action: (gauge as never as { plus: (x: unknown) => unknown }).plus(determinantAction(staggered({ mass: 0.2 }), { flavours: 2 })) as never, integrator: "omelyan", steps: 5, length: 1, seed: 3 }));
  const [a, b] = [chain.values["plaquette"]!, whole.values["plaquette"]!];
  expect(Math.abs(a.mean - b.mean)).toBeLessThan(4 * Math.hypot(a.error, b.error));
  for (const s of [chain, whole]) expect(Math.abs(s.expMinusDH!.mean - 1)).toBeLessThan(4 * s.expMinusDH!.error);
}, 240_000);
