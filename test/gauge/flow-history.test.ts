/** Along the gradient flow: the energy of a plane wave of U(1), which decays as the lattice Laplacian says, and the charge where there is one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type LinkField, SU, U1, cold, flowScales, hot, lattice, nearUnit } from "gaugegrad";
import { flowHistory } from "gaugegrad/gauge";
import { writeGauge } from "gaugegrad/io";
import { Measurer, defineRun, produce, readMetrics } from "gaugegrad/runs";

const base = mkdtempSync(join(tmpdir(), "gaugegrad-flow-"));
afterAll(() => rmSync(base, { recursive: true }));

/** U(1) links from their angles. */
function angles(extents: readonly number[], theta: (mu: number, x: readonly number[]) => number): LinkField<1> {
  const L = lattice(extents);
  const links = extents.map((_, mu) => Float64Array.from({ length: 2 * L.volume }, (_x, k) => (k % 2 === 0 ? Math.cos : Math.sin)(theta(mu, L.coordinates(k >> 1)))));
  return cold(L, U1).set(links);
}

/** Q quanta of flux, the same through every plaquette: U_t = exp(2 pi i Q x / V), and a seam at the last x. */
const flux = (Lx: number, Lt: number, Q: number): LinkField<1> => angles([Lx, Lt], (mu, [x, t]) => (mu === 1 ? (2 * Math.PI * Q * x!) / (Lx * Lt) : x === Lx - 1 ? (-2 * Math.PI * Q * t!) / Lt : 0));

describe("flowHistory", () => {
  test("a transverse wave of small amplitude loses its energy as exp(-2 k^2 t), k^2 = 4 sin^2(p/2)", () => {
    const Lx = 6;
    const p = (2 * Math.PI) / Lx;
    const U = angles([Lx, 4], (mu, [x]) => (mu === 1 ? 1e-4 * Math.cos(p * x!) : 0));
    const before = U.toArray(1);
    const history = flowHistory(U, { time: 0.5, step: 0.01, every: 10 });
    expect(history.map((q) => q.t)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5]);
    for (const { t, energyPlaquette, plaquette } of history) {
      expect(energyPlaquette / history[0]!.energyPlaquette).toBeCloseTo(Math.exp(-2 * 4 * Math.sin(p / 2) ** 2 * t), 6);
      expect((1 - plaquette) / (1 - history[0]!.plaquette)).toBeCloseTo(Math.exp(-2 * 4 * Math.sin(p / 2) ** 2 * t), 5);
    }
    expect(U.toArray(1)).toEqual(before);
  });

  test("uniform flux is a solution, with its charge and cos(2 pi Q / V) at every time", () => {
    for (const { plaquette, topologicalCharge } of flowHistory(flux(6, 4, -2), { time: 0.2, step: 0.02, action: "symanzik" })) {
      expect(topologicalCharge).toBeCloseTo(-2, 12);
      expect(plaquette).toBeCloseTo(Math.cos((2 * Math.PI * 2) / 24), 12);
    }
  });

  test("no charge where none is defined", () => {
    const keys = (U: LinkField): boolean => "topologicalCharge" in flowHistory(U, { time: 0.01 })[1]!;
    expect([hot(lattice([4, 4]), SU(2), { seed: 1 }), hot(lattice([2, 2, 2]), U1, { seed: 1 }), nearUnit(lattice([2, 2, 2, 2]), SU(2), { seed: 1, width: 0.3 })].map((U) => keys(U as LinkField))).toEqual([false, false, true]);
    expect(() => flowHistory(flux(4, 4, 1), { time: 0.1, step: -0.01 })).toThrow(/flowHistory: got the step -0.01/);
  });

  test("runs and measure write it alike", { timeout: 60_000 }, async () => {
    const file = join(base, "flux.npy");
    writeGauge(file, flux(6, 4, 1) as LinkField, "npy");
    const definition = (group: string, beta: number, start: object) => ({ lattice: { extents: [6, 4] }, group, start: start as never, action: { kind: "wilson", beta }, sampler: { steps: 20, length: 0.2, trajectories: 1 }, checks: { every: 0 }, measurement: { observables: [], flow: { time: 0.2, step: 0.02, every: 0.1 } } });
    const flowOf = async (name: string, d: ReturnType<typeof definition>) => {
      for await (const _ of produce({ run: defineRun(d, { base }), folder: join(base, name) })) void _;
      return readMetrics(join(base, name)).flatMap((r) => (r.kind === "measurement" ? r.flow! : []));
    };
    const u1 = await flowOf("u1", definition("U(1)", 50, { kind: "file", file: "flux.npy" }));
    expect(u1.map((p) => p.t)).toEqual([0, 0.1, 0.2]);
    for (const p of u1) expect(p.topologicalCharge).toBeCloseTo(1, 12);
    expect((await flowOf("su2", definition("SU(2)", 5, { kind: "cold" }))).map((p) => Object.keys(p))).toEqual([1, 2, 3].map(() => ["t", "plaquette", "energyPlaquette", "energyClover"]));
    const measured = new Measurer({ beta: 1, flow: { time: 0.2, step: 0.02 } }, {}).measure(file).flow!;
    expect(measured).toHaveLength(11);
    expect(measured.at(-1)!.topologicalCharge).toBeCloseTo(1, 12);
    expect(measured).toEqual(flowHistory(flux(6, 4, 1) as LinkField, { time: 0.2, step: 0.02 }));
  });
});

test("a batch has no history of one field", () => {
  const U = hot(lattice([2, 2, 2, 2], { batch: 2 }), SU(2), { seed: 1 }) as unknown as LinkField;
  for (const measure of [flowScales, (V: LinkField) => flowHistory(V, { time: 1 })]) expect(() => measure(U)).toThrow(/on 2 samples of .* expected the links of one configuration: take sampleOf\(U, b\) of a batch$/);
});
