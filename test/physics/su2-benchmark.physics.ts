/**
 * The SU(2) benchmark, table of arXiv:2103.11965: plaquette, |Polyakov| and condensate from HMC, self-learning HMC without and with trained
 * weights, against two independent programs.
 */
import { describe, expect, test } from "vitest";
import { REFERENCE } from "../../src/runs/quickstart/benchmark.ts";
import { runJob } from "../../src/runs/quickstart/jobs.ts";
import { summarise } from "../../src/samplers/index.ts";
import { zScore } from "../../src/util/index.ts";

const engine = {};
/** Six weights near the minimum of the variance, and of the published loss (offline fits of an independent program). */
const VARIANCE = Float64Array.of(-0.0268, -0.0737, 0.0552, 0.0184, 0.0516, -0.0444);
const PUBLISHED = Float64Array.of(-0.0463, 0.053, 0.07, 0.0201, -0.0806, -0.0462);
const { links } = runJob({ kind: "thermalise", seed: 11, stream: 0, trajectories: 300, engine });

const cases: readonly (readonly [string, Float64Array | undefined, number, number])[] = [
  ["HMC", undefined, 0.9, 1],
  ["SLHMC, untrained", new Float64Array(6), 0.5, 0.7],
  ["SLHMC, minimum of the published loss", PUBLISHED, 0.28, 0.48],
  ["SLHMC, minimum of the variance", VARIANCE, 0.7, 0.85],
];

describe("SU(2) 4^4, beta 2.7, m 0.3, Nf 4", () => {
  cases.forEach(([name, theta, low, high], k) =>
    test(name, () => {
      const { series, reversibility } = runJob({ kind: "sample", seed: 12, stream: k, trajectories: 5000, engine, links, ...(theta ? { theta } : {}) });
      const { values, acceptance, expMinusDH } = summarise(series);
      for (const q of ["plaquette", "|Polyakov|", "condensate"] as const) {
        const { mean, error } = values[q]!;
        expect(Math.abs(zScore(mean, error, REFERENCE[q][0], REFERENCE[q][1])), `${q} ${mean} +- ${error}`).toBeLessThan(4);
      }
      expect(acceptance.mean).toBeGreaterThan(low);
      expect(acceptance.mean).toBeLessThan(high);
      // heavy tails where the acceptance is low: the error is not Gaussian there
      if (acceptance.mean > 0.5) expect(Math.abs(zScore(expMinusDH!.mean, expMinusDH!.error, 1))).toBeLessThan(4);
      expect(reversibility).toBeLessThan(1e-10);
    }),
  );
});
