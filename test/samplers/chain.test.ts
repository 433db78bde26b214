/** Chains: what is measured when, early end, and the estimates against numbers with known answers. */
import { describe, expect, test } from "vitest";
import type { LinkField } from "../../src/autograd/index.ts";
import { closedFormLinks, lattice } from "../../src/gauge/index.ts";
import { type Sampler, type StepResult, markovChain, runChain, summarise } from "../../src/samplers/index.ts";

const U = closedFormLinks(lattice([2, 2]), 1, 0.1) as LinkField;

/** Counts its steps and accepts every second one, with dH = ln 2, -ln 2 in turn. */
function counter(): Sampler & { calls: number } {
  return {
    name: "counter",
    trajectory: 0,
    calls: 0,
    step(): StepResult {
      this.calls++;
      const trajectory = this.trajectory++;
      return { trajectory, accepted: trajectory % 2 === 0, dH: trajectory % 2 === 0 ? -Math.LN2 : Math.LN2 };
    },
  };
}

describe("runChain", () => {
  test("thermalisation is run but neither measured nor kept; measurements come after every k-th update", () => {
    const sampler = counter();
    let measured = 0;
    const s = runChain({ sampler, U, trajectories: 10, thermalisation: 3, every: 4, measure: { calls: () => (measured++, sampler.calls) } });
    expect(sampler.calls).toBe(13);
    expect(s.results.map((r) => r.trajectory)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(s.values).toEqual({ calls: [7, 11] });
    expect(measured).toBe(2);
  });

  test("onTrajectory sees every update and can end the chain", () => {
    const seen: string[] = [];
    const s = runChain({
      sampler: counter(),
      U,
      trajectories: 10,
      thermalisation: 1,
      measure: { one: () => 1 },
      onTrajectory: ({ result, thermalising, values }) => {
        seen.push(`${result.trajectory} ${thermalising} ${values?.["one"] ?? "-"}`);
        return result.trajectory < 2;
      },
    });
    expect(seen).toEqual(["0 true -", "1 false 1", "2 false 1"]);
    expect(s.results).toHaveLength(2);
    expect(s.values["one"]).toEqual([1, 1]);
  });

  test("markovChain gives the updates one at a time", () => {
    const sampler = counter();
    const chain = markovChain({ sampler, U, trajectories: 5 });
    chain.next();
    chain.next();
    expect(sampler.calls).toBe(2);
  });

  test("an observable that is NaN, and counts that are not integers, are errors", () => {
    expect(() => runChain({ sampler: counter(), U, trajectories: 1, measure: { bad: () => Number.NaN } })).toThrow(/"bad" is NaN after trajectory 0/);
    for (const wrong of [{ trajectories: 1.5 }, { trajectories: -1 }, { thermalisation: -1 }, { every: 0 }]) expect(() => runChain({ sampler: counter(), U, trajectories: 1, ...wrong })).toThrow(/expected an integer/);
  });
});

describe("summarise", () => {
  test("means of an alternating chain", () => {
    const s = summarise(runChain({ sampler: counter(), U, trajectories: 100, measure: { constant: () => 2.5 } }));
    expect(s.trajectories).toBe(100);
    expect(s.acceptance.mean).toBe(0.5);
    expect(s.acceptance.error).toBeGreaterThan(0);
    expect(s.expMinusDH!.mean).toBeCloseTo((2 + 0.5) / 2, 14);
    expect(s.meanAbsDH!.mean).toBeCloseTo(Math.LN2, 14);
    expect(s.values["constant"]).toMatchObject({ mean: 2.5, error: 0 });
  });

  test("without dH there is no Metropolis diagnostic; an acceptance of 1 keeps a finite error", () => {
    const results = Array.from({ length: 20 }, (_, trajectory) => ({ trajectory, accepted: true }));
    const s = summarise({ results, values: {} });
    expect(s.expMinusDH).toBeUndefined();
    expect(s.acceptance.mean).toBe(1);
    expect(s.acceptance.error).toBeGreaterThan(0);
    expect(s.acceptance.error).toBeLessThan(0.05);
  });
});
