/** The rows of the page on overlap targets are runs that exist. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "smol-toml";
import { defineRun } from "gaugegrad/runs";
import { type OverlapTask, overlapRun } from "../../experiments/overlap-runs.ts";

test("experiments/overlap.toml", () => {
  const { rows } = parse(readFileSync(new URL("../../experiments/overlap.toml", import.meta.url), "utf8")) as unknown as { rows: readonly OverlapTask[] };
  expect(rows.map((r) => r.kernel).filter((k) => k === "wilson").length).toBeGreaterThan(4);
  for (const row of rows) {
    const { configuration } = defineRun(overlapRun({ ...row, extents: [8, 8], beta: 4, mass: 0.1, thermalise: 1, trajectories: 1, train: 1, seed: 1 }));
    expect([configuration.fermions[0]!.kind, configuration.fermions[0]!.exact, configuration.guide.fermions !== undefined]).toEqual(["overlap", true, true]);
  }
});
