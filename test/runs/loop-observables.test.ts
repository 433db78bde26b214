/** Wilson loops of all sizes and the kernel of overlap fermions as observables of runs. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type RunDefinition, defineRun, produce } from "gaugegrad/runs";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-loops-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function measured(definition: RunDefinition): Promise<Readonly<Record<string, number>>[]> {
  const folder = mkdtempSync(join(root, "run-"));
  for await (const _ of produce({ run: defineRun(definition), folder })) void _;
  return readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as { kind: string; values: Record<string, number> }).filter((r) => r.kind === "measurement").map((r) => r.values);
}

test("two dimensions: W(1,1) is the plaquette, the index an integer of the lowest eigenvalues", async () => {
  const values = await measured({ group: "U(1)", lattice: { extents: [4, 4] }, start: { kind: "hot" }, action: { beta: 3 }, sampler: { steps: 4, seed: 2, thermalisation: 2, trajectories: 3 }, checks: { every: 0 }, measurement: { observables: ["rectangle", { kind: "wilson-loops", R: 2, T: 2 }, { kind: "overlap-spectrum", kernel: "shamir", count: 2 }, "plaquette"] } });
  expect(values).toHaveLength(3);
  for (const v of values) {
    expect(Object.keys(v)).toEqual(expect.arrayContaining(["W(1,1)", "W(1,2)", "W(2,1)", "W(2,2)", "index", "kernel(0)", "kernel(1)"]));
    expect(Number.isInteger(v["index"])).toBe(true);
    expect(Math.abs(v["kernel(0)"]!)).toBeLessThanOrEqual(Math.abs(v["kernel(1)"]!));
    expect(Math.abs(v["W(1,1)"]!)).toBeLessThan(1);
  }
});

test("four dimensions: smeared lines of space raise loops in space and time", async () => {
  const run = (steps: number): RunDefinition => ({ group: "SU(2)", lattice: { extents: [4, 4, 4, 4] }, start: { kind: "near-unit", width: 0.3 }, action: { beta: 2.4 }, sampler: { steps: 4, seed: 2, trajectories: 1 }, checks: { every: 0 }, measurement: { observables: [{ kind: "wilson-loops", R: 2, T: 1, steps }] } });
  const [[thin], [smeared]] = [await measured(run(0)), await measured(run(5))];
  expect(smeared!["W(2,1)"]!).toBeGreaterThan(thin!["W(2,1)"]!);
  expect(() => defineRun({ ...run(1), lattice: { extents: [4, 4] } })).toThrow(/expected at least 3/);
});
