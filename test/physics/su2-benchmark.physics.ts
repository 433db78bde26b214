/**
 * The SU(2) benchmark, table of arXiv:2103.11965: plaquette, |Polyakov| and condensate from HMC, self-learning HMC without and with trained
 * weights, against two independent programs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunDefinition, defineRun, produce, readMetrics, readRun, summaryOf } from "../../src/runs/index.ts";
import { REFERENCE, benchmarkRun } from "../../src/runs/quickstart/benchmark.ts";
import { zScore } from "../../src/util/index.ts";

/** Six weights near the minimum of the variance, and of the published loss (offline fits of an independent program). */
const VARIANCE = [-0.0268, -0.0737, 0.0552, 0.0184, 0.0516, -0.0444];
const PUBLISHED = [-0.0463, 0.053, 0.07, 0.0201, -0.0806, -0.0462];

const cases: readonly (readonly [string, number[] | undefined, number, number])[] = [
  ["HMC", undefined, 0.9, 1],
  ["SLHMC, untrained", [0, 0, 0, 0, 0, 0], 0.5, 0.7],
  ["SLHMC, minimum of the published loss", PUBLISHED, 0.28, 0.48],
  ["SLHMC, minimum of the variance", VARIANCE, 0.7, 0.85],
];

const base = mkdtempSync(join(tmpdir(), "gaugegrad-benchmark-"));
afterAll(() => rmSync(base, { recursive: true }));

async function make(definition: RunDefinition, name: string): Promise<string> {
  const folder = join(base, name);
  for await (const _ of produce({ run: defineRun(definition, { base }), folder })) void _;
  return folder;
}

describe("SU(2) 4^4, beta 2.7, m 0.3, Nf 4", () => {
  beforeAll(() => make(benchmarkRun({ seed: 11, stream: 0, thermalisation: 300 }), "start"));
  cases.forEach(([name, weights, low, high], k) =>
    test(name, async () => {
      const folder = await make(benchmarkRun({ seed: 12, stream: k, start: { kind: "file", file: "start" }, trajectories: 5000, ...(weights ? { network: { kind: "covariant", layers: 2, weights } } : {}) }), `sample-${k}`);
      const { plaquette, "|polyakov|": polyakov, condensate, acceptance, expMinusDH } = readRun(folder).summary();
      for (const [q, e] of [["plaquette", plaquette!], ["|Polyakov|", polyakov!], ["condensate", condensate!]] as const)
        expect(Math.abs(zScore(e.mean, e.error, REFERENCE[q][0], REFERENCE[q][1])), `${q} ${e.mean} +- ${e.error}`).toBeLessThan(4);
      expect(acceptance!.mean).toBeGreaterThan(low);
      expect(acceptance!.mean).toBeLessThan(high);
      // heavy tails where the acceptance is low: the error is not Gaussian there
      if (acceptance!.mean > 0.5) expect(Math.abs(zScore(expMinusDH!.mean, expMinusDH!.error, 1))).toBeLessThan(4);
      const { number, reversibility } = summaryOf(readMetrics(folder), null).checks;
      expect(number).toBe(50);
      expect(reversibility).toBeLessThan(1e-10);
    }),
  );
});
