/** S_theta of the runs of the experiments is that which the pages judge (experiments/guided.ts). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "smol-toml";
import { type LinkField, SU, nearUnit } from "gaugegrad";
import { type Guided, priorOf, sampleOf, systemOn, trainingOf } from "../../experiments/guided.ts";
import { networkOf } from "../../experiments/settings.ts";
import { defineRunOfFiles } from "../../src/runs/file/define.ts";
import { buildSystem } from "../../src/runs/system/system.ts";
import { randomStream } from "../../src/util/index.ts";

const extents = [2, 2, 2, 2];
const guided = (text: string): Guided => ({ prior: { extents, seed: 3, thermalise: 1, samples: 4, judged: 2 }, choice: networkOf(text), guideMass: 0.4, sample: 2, training: { method: "offline", objective: "acceptance", epochs: 2 } });

test.each(["covariant6 + couplings + normalisation", "none + hopping + normalisation", "cask1-short"])("%s", async (text) => {
  const c = guided(text);
  const own = systemOn(extents);
  const definition = trainingOf(c, own)!.definition;
  // without the folder of the prior run
  const run = await defineRunOfFiles({ ...definition, start: { kind: "cold" } });
  const { guide, fermions, target, lattice } = buildSystem(run, { threads: 1 });
  const [U, V] = [lattice, own.lattice].map((L) => nearUnit(L, SU(2), { seed: 8, width: 0.4 })) as [LinkField<2>, LinkField<2>];
  const random = randomStream(3, 1);
  target.refresh!(U as never, 5, random);
  own.target.refresh!(V, 5, random);
  expect(fermions[0]!.action.value(U as never)).toBe(own.fermions.value(V));
  const { action } = own.guide(c.choice.network, c.choice.extra, c.guideMass, c.prior.seed);
  const { effective } = guide!;
  expect(effective!.names).toEqual(action.names);
  expect(guide!.at().whole.value(U as never)).toBe(action.with(effective!.parameters).value(V));
});

test("definitions of every network of the pages are run files", async () => {
  const { groups } = parse(readFileSync(new URL("../../experiments/acceptance.toml", import.meta.url), "utf8")) as unknown as { groups: readonly { readonly networks: readonly string[] }[] };
  const system = systemOn(extents);
  for (const text of new Set(groups.flatMap((g) => g.networks))) {
    const { training: _training, ...untrained } = guided(text);
    const { definition, name } = sampleOf(untrained, system);
    const { command, configuration } = await defineRunOfFiles(definition);
    expect([command, configuration.network?.kind, configuration.guide.fermions?.[0]?.kind]).toEqual(["slhmc", "experiment", "scaled"]);
    expect(name).toMatch(/^sample-2-[\w.-]+-untrained-0\.4-seed3$/);
  }
  expect((await defineRunOfFiles(priorOf(guided("none").prior).definition(7))).configuration).toMatchObject({ sampler: { thermalisation: 1, trajectories: 7, stream: 1 }, output: { configurations: { every: 1, start: true } } });
});
