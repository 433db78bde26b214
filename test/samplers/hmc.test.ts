/** HMC and SLHMC: the trajectory of the Rust port's fixture, bits, hooks and errors. Statistics are in hmc-statistics.test.ts. */
import { describe, expect, test } from "vitest";
import { type LinkField } from "../../src/autograd/index.ts";
import { ConfigurationError, NaNError } from "../../src/errors.ts";
import { pseudofermions, staggered } from "../../src/fermions/index.ts";
import { type Action, U1, closedFormLinks, gaugeAction, hot, lattice, plaquettes } from "../../src/gauge/index.ts";
import { type Guide, type HmcOptions, type Target, hmc, runChain, sumOfTargets, summarise, targetOf } from "../../src/samplers/index.ts";


const bits = (U: LinkField): string => U.fields.map((f) => Buffer.from(f.toArray().buffer).toString("base64")).join();
const largestDifference = (a: LinkField, b: LinkField): number => Math.max(...a.fields.map((f, mu) => f.toArray().reduce((w, x, i) => Math.max(w, Math.abs(x - b.toArray(mu)[i]!)), 0)));
const options = { integrator: "omelyan", steps: 4, length: 1, seed: 5 } as const;

describe("determinism", () => {
  const chain = (seed: number, stream: number, steps: number, beta = 2): { U: LinkField; dH: number[] } => {
    const U = closedFormLinks(lattice([4, 4]), 2, 0.6) as LinkField;
    const sampler = hmc({ ...options, action: gaugeAction.wilson({ beta }), seed, stream });
    return { dH: Array.from({ length: steps }, () => sampler.step(U).dH), U };
  };

  test("same seed, same bits; another seed or stream, other numbers", () => {
    const [a, b] = [chain(5, 0, 6), chain(5, 0, 6)];
    expect(b.dH).toEqual(a.dH);
    expect(bits(b.U)).toBe(bits(a.U));
    expect(chain(6, 0, 1).dH[0]).not.toBe(a.dH[0]);
    expect(chain(5, 1, 1).dH[0]).not.toBe(a.dH[0]);
  });

  test("a chain resumed from links and trajectory number goes on with the same bits", () => {
    const whole = chain(5, 0, 6);
    const { U } = chain(5, 0, 3);
    const resumed = hmc({ ...options, action: gaugeAction.wilson({ beta: 2 }) });
    resumed.trajectory = 3;
    for (let k = 0; k < 3; k++) expect(resumed.step(U).dH).toBe(whole.dH[3 + k]);
    expect(bits(U)).toBe(bits(whole.U));
  });

  test("same bits for any number of threads", () => {
    const run = (threads: number): string => {
      const U = closedFormLinks(lattice([4, 4, 4, 8], { threads }), 3, 0.6) as LinkField;
      const sampler = hmc({ ...options, action: gaugeAction.wilson({ beta: 5.7 }) });
      for (let k = 0; k < 2; k++) sampler.step(U);
      return bits(U);
    };
    expect(run(2)).toBe(run(1));
  });
});

describe("momenta", () => {
  for (const [N, generators] of [[1, 1], [2, 3], [3, 8], [4, 15]] as const)
    test(`N = ${N}: <K> = G/2 a link and its variance, through the kinetic energies of fresh draws`, () => {
      const geo = lattice([4, 4, 4]);
      const U = closedFormLinks(geo, N, 0.3) as LinkField;
      const sampler = hmc({ ...options, action: gaugeAction.wilson({ beta: 0.1 }), steps: 1, length: 0.01 });
      const K = Array.from({ length: 100 }, () => sampler.step(U).kinetic);
      const degrees = 3 * 64 * generators;
      const mean = K.reduce((a, b) => a + b, 0) / K.length;
      // 2K is chi-squared: mean d, variance 2d
      expect(Math.abs(mean - degrees / 2) / Math.sqrt(degrees / 2 / K.length)).toBeLessThan(4);
      const variance = K.reduce((a, b) => a + (b - mean) ** 2, 0) / (K.length - 1);
      expect(Math.abs(variance / (degrees / 2) - 1) / Math.sqrt(2 / (K.length - 1))).toBeLessThan(4);
    });
});

describe("the step", () => {
  const start = (): LinkField => closedFormLinks(lattice([4, 4]), 2, 0.6) as LinkField;

  test("a rejected proposal leaves the links bit for bit; the result says so", () => {
    const U = start();
    const before = bits(U);
    const sampler = hmc({ ...options, action: gaugeAction.wilson({ beta: 40 }), integrator: "leapfrogQPQ", steps: 1, length: 2 });
    const S = gaugeAction.wilson({ beta: 40 }).value(U);
    const r = sampler.step(U);
    expect(r.accepted).toBe(false);
    expect(r.dH).toBeGreaterThan(20);
    expect(r.action).toBe(S);
    expect(bits(U)).toBe(before);
    expect(sampler.trajectory).toBe(1);
  });

  test("dH and the action belong to the accepted links", () => {
    const U = start();
    const S = gaugeAction.wilson({ beta: 2 });
    const r = hmc({ ...options, action: S, steps: 20 }).step(U);
    expect(r.accepted).toBe(true);
    expect(r.action).toBe(S.value(U));
    expect(r.expMinusDH).toBe(Math.exp(-r.dH));
  });

  test("reversibility: returns to the start within rounding, and leaves U and the chain as they were", () => {
    const U = closedFormLinks(lattice([4, 4, 4, 4]), 3, 0.6) as LinkField;
    const before = bits(U);
    const sampler = hmc({ ...options, action: gaugeAction.wilson({ beta: 5.7 }), steps: 10 });
    const r = sampler.reversibility(U);
    expect(r.maxDifference).toBeLessThan(1e-11);
    expect(r.maxDifference).toBeGreaterThan(0);
    expect(r.dH).toBeLessThan(1e-9);
    expect(Math.abs(r.forwardDH)).toBeGreaterThan(1e-4);
    expect(bits(U)).toBe(before);
    expect(sampler.step(U).dH).toBeCloseTo(r.forwardDH, 9);
  });

  test("reversibility sees a force that is not a function of the links", () => {
    const S = gaugeAction.wilson({ beta: 2 });
    let calls = 0;
    const drifting: Target = { name: "drifting", value: (U) => S.value(U), force: (U, into) => S.with({ beta: 2 + 0.01 * calls++ }).force(U, into) };
    expect(hmc({ ...options, action: drifting }).reversibility(start()).maxDifference).toBeGreaterThan(1e-3);
  });

  test("NaN in dH is an error, and the links are those of before", () => {
    const U = start();
    const before = bits(U);
    let calls = 0;
    const S = gaugeAction.wilson({ beta: 2 });
    const broken: Action = { name: "broken", value: (V) => (calls++ === 0 ? S.value(V) : Number.NaN), force: (V, into) => S.force(V, into) };
    expect(() => hmc({ ...options, action: broken }).step(U)).toThrow(NaNError);
    expect(bits(U)).toBe(before);
  });

  test("NaN in a link is an error, even where neither action nor force see it", () => {
    const U = start();
    U.fields[0]!.set(U.fields[0]!.toArray().fill(Number.NaN, 0, 1));
    const blind: Action = { name: "blind", value: () => 0, force: (_V, into) => into! };
    expect(() => hmc({ ...options, action: blind }).step(U)).toThrow(/blind: got a configuration with NaN/);
  });

  test("an error inside molecular dynamics leaves the links as they were", () => {
    const U = start();
    const before = bits(U);
    let calls = 0;
    const S = gaugeAction.wilson({ beta: 2 });
    const failing: Action = {
      name: "failing",
      value: (V) => S.value(V),
      force: (V, into) => {
        if (calls++ === 2) throw new Error("solver");
        return S.force(V, into);
      },
    };
    expect(() => hmc({ ...options, action: failing }).step(U)).toThrow("solver");
    expect(bits(U)).toBe(before);
  });

  test("auxiliary fields are refreshed once a trajectory, target before guide, on the links of the start", () => {
    const U = start();
    const S = gaugeAction.wilson({ beta: 2 });
    const log: string[] = [];
    const logged = (name: string): Target => ({
      name,
      value: (V) => S.value(V),
      force: (V, into) => S.force(V, into),
      refresh: (V, trajectory, random) => log.push(`${name} ${trajectory} seed ${random.seed} ${V === U}`),
    });
    const sampler = hmc({ ...options, action: logged("target"), guide: { ...logged("guide"), independent: true } });
    sampler.step(U);
    sampler.step(U);
    expect(log).toEqual([0, 1].flatMap((t) => [`target ${t} seed 5 true`, `guide ${t} seed 5 true`]));
    log.length = 0;
    hmc({ ...options, action: logged("target") }).step(U);
    expect(log).toEqual(["target 0 seed 5 true"]);
  });

  test("settings out of range are refused when the sampler is made", () => {
    const action = gaugeAction.wilson({ beta: 2 });
    const bad: Partial<HmcOptions>[] = [{ steps: 0 } as Partial<HmcOptions>, { length: -1 }, { seed: -1 }];
    for (const wrong of bad) expect(() => hmc({ ...options, action, ...wrong } as HmcOptions)).toThrow(/expected/);
  });
});

describe("sums of targets and time scales", () => {
  const S = [0.5, 1.5].map((beta) => gaugeAction.wilson({ beta }));

  test("value and force add", () => {
    const U = closedFormLinks(lattice([4, 4, 4]), 3, 0.6) as LinkField;
    const sum = sumOfTargets<number>(...S);
    const whole = gaugeAction.wilson({ beta: 2 });
    expect(sum.value(U)).toBeCloseTo(whole.value(U), 11);
    const [a, b] = [sum.force(U), whole.force(U)];
    a.fields.forEach((f, mu) => f.toArray().forEach((x, i) => expect(Math.abs(x - b.toArray(mu)[i]!)).toBeLessThan(1e-13)));
  });

  test("HMC on levels moves the sum: dH of a fine nested integration agrees with the plain one", () => {
    const proposal = (nested: boolean): { U: LinkField; dH: number } => {
      const U = closedFormLinks(lattice([4, 4]), 2, 0.6) as LinkField;
      const common = { action: sumOfTargets<number>(...S), length: 0.5, seed: 8 };
      const sampler = nested
        ? hmc({ ...common, levels: [{ action: S[0]!, integrator: "omf4", steps: 20 }, { action: S[1]!, integrator: "omf4", steps: 1 }] })
        : hmc({ ...common, integrator: "omf4", steps: 40 });
      const { dH } = sampler.step(U);
      return { U, dH };
    };
    const [a, b] = [proposal(true), proposal(false)];
    expect(Math.abs(a.dH)).toBeLessThan(1e-4);
    expect(largestDifference(a.U, b.U)).toBeLessThan(1e-4);
    expect(largestDifference(a.U, b.U)).toBeGreaterThan(0);
  });
});

describe("a guide's auxiliary fields", () => {
  const geo = lattice([8, 8]);
  const beta = 2;
  const make = () => pseudofermions(staggered({ mass: 0.1 }), { lattice: geo, group: U1, flavours: 2, tolerance: 1e-10 });
  const common = { integrator: "omelyan", steps: 4, length: 1, seed: 3 } as const;
  const gauge = gaugeAction.wilson({ beta });

  test("fields of its own that are drawn on the links are refused, and the reason is given", () => {
    const own = make();
    const guide = targetOf(gauge.plus(own.action as never) as Action<1>, own as never);
    const reason = /guide "Wilson \+ staggered Nf=2 m=0\.1" draws auxiliary fields of its own.*not part of the target "Wilson".*share the target's field/;
    expect(() => hmc<1>({ ...common, action: gauge as never, guide })).toThrow(reason);
    expect(() => hmc<1>({ length: 1, seed: 3, action: gauge as never, levels: [{ action: own as never, integrator: "omelyan", steps: 2 }, { action: gauge as never, integrator: "omelyan", steps: 2 }] })).toThrow(ConfigurationError);
    // a second field beside the shared one
    const [shared, other] = [make(), make()];
    const target = targetOf(gauge.plus(shared.action as never) as Action<1>, shared as never);
    expect(() => hmc<1>({ ...common, action: target, guide: targetOf(gauge.plus(other.action as never) as Action<1>, shared as never, other as never) })).toThrow(ConfigurationError);
  });

  test("a shared field, a guide without fields, and noise that does not look at the links are allowed", () => {
    const f = make();
    const heavy = gauge.plus(f.action.with({ mass: 0.3, phi: f.phi }) as never) as Action<1>;
    const target = targetOf(gauge.plus(f.action as never) as Action<1>, f as never);
    hmc<1>({ ...common, action: target, guide: heavy });
    hmc<1>({ ...common, action: target, guide: targetOf(heavy, f as never) });
    hmc<1>({ length: 1, seed: 3, action: target, levels: [{ action: f as never, integrator: "omelyan", steps: 2 }, { action: gauge as never, integrator: "omelyan", steps: 2 }] });
    hmc<1>({ ...common, action: gauge as never, guide: gaugeAction.wilson({ beta: 3 }) as never });
  });

  // 2D U(1): <P> = I_1(beta)/I_0(beta) up to the torus, 0.697775
  test("what is refused samples another distribution: plaquette and <exp(-dH)>; declared independent it would not be seen", () => {
    const own = make();
    const refreshed = targetOf(gauge.plus(own.action as never) as Action<1>, own as never);
    const run = (guide: Guide<1>): ReturnType<typeof summarise> => {
      const U = hot(geo, U1, { seed: 5 });
      return summarise(runChain({ sampler: hmc<1>({ ...common, action: gauge as never, guide }), U, trajectories: 300, thermalisation: 30, measure: { plaquette: (V) => plaquettes(V as LinkField).mean } }));
    };
    const wrong = run({ force: (U, into) => refreshed.force(U, into), refresh: (U, t, r) => refreshed.refresh!(U, t, r), independent: true });
    const right = run(gaugeAction.wilson({ beta: 2.2 }) as never);
    const exact = 0.697775;
    expect((wrong.values["plaquette"]!.mean - exact) / wrong.values["plaquette"]!.error).toBeGreaterThan(5);
    expect(Math.abs(right.values["plaquette"]!.mean - exact) / right.values["plaquette"]!.error).toBeLessThan(4);
    expect(Math.abs(right.expMinusDH!.mean - 1) / right.expMinusDH!.error).toBeLessThan(4);
    expect(wrong.expMinusDH!.mean).toBeGreaterThan(10);
  });
});
