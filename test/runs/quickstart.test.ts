/** The quickstart is made of runs: stopped anywhere it goes on, and its chains are those of the samplers alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SU, gaugeAction, lattice, nearUnit, plaquettes, polyakovLoops } from "../../src/gauge/index.ts";
import { pseudofermions, staggered } from "../../src/fermions/index.ts";
import { type QuickstartResult, quickstart } from "../../src/runs/index.ts";
import { hmc, runChain, targetOf } from "../../src/samplers/index.ts";
import { type TrainingSample, assess, effectiveAction, takeSample } from "../../src/training/index.ts";
import { covariantNetwork } from "../../src/models/index.ts";

const base = mkdtempSync(join(tmpdir(), "gaugegrad-quickstart-"));
afterAll(() => rmSync(base, { recursive: true }));
const options = { lengths: { thermalise: 4, train: 6, assess: 4, sample: 8 }, seed: 3, engine: {}, threads: 0 } as const;
const plain = (result: QuickstartResult | undefined): unknown => JSON.parse(JSON.stringify(result));

test("stopped and resumed it ends with the same numbers, which are those of the samplers", { timeout: 300_000 }, async () => {
  const whole = (await quickstart({ ...options, folder: join(base, "whole") }))!;
  const seen: string[] = [];
  let [stops, result]: [number, QuickstartResult | undefined] = [0, undefined];
  for (let at = 3; result === undefined; at += 17) {
    const stop = new AbortController();
    result = await quickstart({
      ...options,
      folder: join(base, "stopped"),
      signal: stop.signal,
      onProgress: (done, total, stage) => {
        expect(total).toBe(52);
        if (done >= at) stop.abort("test");
        if (seen.at(-1) !== stage) seen.push(stage);
      },
    });
    if (result === undefined) stops++;
  }
  expect(stops).toBeGreaterThan(2);
  expect(new Set(seen)).toEqual(new Set(["thermalise", "train", "sample"]));
  expect(plain(result)).toEqual(plain(whole));

  // the same chains without runs
  const L = lattice([4, 4, 4, 4]);
  const U = nearUnit(L, SU(2), { seed: 3, width: 0.5 });
  const gauge = gaugeAction.wilson({ beta: 2.7 });
  const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: L, group: SU(2), flavours: 4 });
  const target = targetOf(gauge.plus(fermions.action), fermions);
  const dynamics = { action: target, length: 1, steps: 20, integrator: "leapfrogQPQ", seed: 3 } as const;
  runChain({ sampler: hmc({ ...dynamics, stream: 0 }), U, trajectories: 4 });
  const { values, results } = runChain({ sampler: hmc({ ...dynamics, stream: 4 }), U: U.clone(), trajectories: 8, measure: { plaquette: (V) => plaquettes(V).mean, "|Polyakov|": (V) => Math.hypot(...polyakovLoops(V)["t"]!) } });
  const [plainHmc, untrained] = whole.samples;
  expect(plainHmc!.series.values["plaquette"]).toEqual(values["plaquette"]);
  expect(plainHmc!.series.values["|Polyakov|"]).toEqual(values["|Polyakov|"]);
  expect(plainHmc!.series.results.map((r) => r.dH)).toEqual(results.map((r) => r.dH));
  const effective = effectiveAction({ gauge, fermions: fermions.action.with({ mass: 0.4, phi: fermions.phi }), network: covariantNetwork({ layers: 2 }) });
  const sampler = hmc({ ...dynamics, stream: 3 });
  const samples: TrainingSample<2>[] = [];
  const V = U.clone();
  for (let t = 0; t < 4; t++) {
    const start = V.clone();
    if (sampler.step(V).accepted) samples.push(takeSample(V, target, effective.fields, { start }));
  }
  expect(untrained!.assessment).toEqual(assess(effective, samples));
  expect(plainHmc!.reversibility).toBeLessThan(1e-11);
});
