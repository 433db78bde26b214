/** Steps of the gradient flow beyond the limit of stability are said, in the library, in measurements and in runs; smaller ones are silent. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { type LinkField, SU, U1, flowLayer, gradientFlow, hot, lattice, nearUnit, plaquettes, stableFlowStep } from "gaugegrad";
import { writeGauge } from "../../src/io/index.ts";
import { cli } from "../cli/helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const geo = lattice([4, 4, 4, 4], { threads: 1 });
const rough = hot(geo, SU(3), { seed: 5 });

test("the limit is that of the scheme: |1 + z + z^2/2 + z^3/6| = 1 at z = -4 D eps, and a smooth field grows beyond it", () => {
  for (const dim of [2, 3, 4]) {
    const z = -4 * dim * stableFlowStep(dim);
    expect(1 + z + (z * z) / 2 + (z * z * z) / 6).toBeCloseTo(-1, 3);
  }
  for (const [extents, group] of [[[4, 4], U1], [[4, 4, 4, 4], SU(2)]] as const) {
    const small = lattice(extents, { threads: 1 });
    const grown = (factor: number): number => {
      const U = nearUnit(small, group, { seed: 3, width: 1e-3 }) as LinkField;
      gradientFlow({ step: factor * stableFlowStep(small.dim), onWarning: () => {} }).advance(U, 60);
      return 1 - plaquettes(U).mean;
    };
    const start = 1 - plaquettes(nearUnit(small, group, { seed: 3, width: 1e-3 }) as LinkField).mean;
    expect(grown(0.95)).toBeLessThan(start);
    expect(grown(1.1)).toBeGreaterThan(start);
  }
});

test("a flow warns once when the energy grows, and not before", () => {
  for (const [step, steps, expected] of [[0.5, 4, 1], [0.01, 20, 0], [0.12, 10, 0]] as const) {
    const told: string[] = [];
    gradientFlow({ step, onWarning: (text) => told.push(text) }).advance(rough.clone() as LinkField, steps);
    expect(told).toHaveLength(expected);
    if (expected) expect(told[0]).toMatch(/^the gradient flow is unstable: the energy of the plaquettes grew in a step of 0\.5 .* take steps below 0\.16/);
  }
  // backwards it grows by nature
  const told: string[] = [];
  gradientFlow({ step: -0.2, onWarning: (text) => told.push(text) }).advance(rough.clone() as LinkField, 2);
  expect(told).toEqual([]);
});

test("without a listener, and in a layer, it is a warning of the process", async () => {
  const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  try {
    gradientFlow({ step: 0.5 }).advance(rough.clone() as LinkField, 4);
    const layer = flowLayer({ time: 1, steps: 2 });
    layer.apply(rough as never);
    layer.apply(rough as never);
    flowLayer({ time: 1, steps: 20 }).apply(rough as never);
    expect(emitted.mock.calls.map(([text]) => String(text).split(":")[0])).toEqual(["the gradient flow is unstable", "flowLayer"]);
  } finally {
    emitted.mockRestore();
  }
});

test("gaugegrad measure and measurement.flow of a run", async () => {
  writeGauge(join(folder, "start.ildg"), rough, "ildg");
  const r = await cli(["measure", "start.ildg", "--flow-time", "2", "--flow-step", "0.5", "--json"], { directory: folder });
  expect([r.code, r.stderr]).toEqual([0, expect.stringMatching(/^gaugegrad: start\.ildg: the gradient flow is unstable: [^\n]+\n$/)]);
  expect((JSON.parse(r.stdout) as { warnings: string[] }).warnings).toHaveLength(1);
  expect((await cli(["measure", "start.ildg", "--flow-time", "0.2", "--flow-step", "0.02", "--json"], { directory: folder })).stderr).toBe("");
  const run = 'group = "SU(3)"\n[lattice]\nextents = [4, 4, 4, 4]\n[action]\nbeta = 5.5\n[start]\nkind = "file"\nfile = "start.ildg"\n[sampler]\nsteps = 2\ntrajectories = 2\n[measurement]\nflow = { time = 2, step = 0.5, every = 1 }\n';
  writeFileSync(join(folder, "run.toml"), run);
  const h = await cli(["hmc", "run.toml", "--dir", "out"], { directory: folder });
  expect(h.code).toBe(0);
  expect(h.stderr.match(/the gradient flow is unstable/g)).toHaveLength(1);
});
