/** Trajectories that a run has kept: what is read again is what the run computed, and networks learn from it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunDefinition, type TrajectoryRecord, defineRun, produce, readMetrics, readState, storedTrajectories } from "gaugegrad/runs";
import { buildSystem } from "../../src/runs/system/system.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-stored-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const target: RunDefinition = {
  group: "SU(2)", lattice: { extents: [4, 4] }, start: { kind: "hot" }, action: { beta: 2 }, fermions: [{ kind: "staggered", flavours: 2, mass: 0.4 }],
  sampler: { steps: 3, seed: 5, thermalisation: 3, trajectories: 12, acceptAlways: 0 }, measurement: { observables: [] }, checks: { every: 0 },
};
const kept: RunDefinition = { ...target, output: { checkpoint: 5, configurations: { every: 1, start: true, format: "npy" } } };
const train = (training: object, more: Partial<RunDefinition> = {}): RunDefinition => ({ ...target, command: "train", network: { kind: "stout", rho: 0.01 }, guide: { masses: [0.6] }, ...more, training: { run: "kept", epochs: 3, ...training } } as RunDefinition);

async function make(name: string, definition: RunDefinition, signal?: AbortSignal): Promise<string> {
  const folder = join(root, name);
  for await (const _ of produce({ run: defineRun(definition, { base: root }), folder, ...(signal ? { signal } : {}) })) void _;
  return folder;
}
const accepted = (folder: string): TrajectoryRecord[] => readMetrics(folder).flatMap((r) => (r.kind === "trajectory" && r.phase === "sample" && r.accepted ? [r] : []));
const samplesOf = (folder: string, definition: RunDefinition) => {
  const { target: S, lattice, group, fermions } = buildSystem(defineRun(definition), {});
  const { phi } = (fermions[0]!.action as never as { inputs: { phi: never } }).inputs;
  return [...storedTrajectories(folder, { target: S, lattice, group, fields: [phi] })];
};

let folder = "";
beforeAll(async () => {
  folder = await make("kept", kept);
});

test("samples have the action that the run has recorded, the first trajectory among them", () => {
  const found = samplesOf(folder, target);
  const records = accepted(folder);
  expect(records.length).toBeGreaterThan(6);
  expect(found.map((s) => s.value)).toEqual(records.map((r) => r.action));
  // dH = S_end + K_end - S_start - K_start: the start has the same pseudofermions, another action
  for (const s of found) expect(s.start!.value).not.toBe(s.value);
});

test("without the links that production starts from, the first trajectory is left out", async () => {
  const bare = await make("bare", { ...kept, output: { configurations: { every: 1, format: "npy" } } });
  const first = accepted(bare)[0]!.trajectory === 3 ? 1 : 0;
  expect(samplesOf(bare, target).map((s) => s.value)).toEqual(accepted(bare).slice(first).map((r) => r.action));
});

test("training.run: the loss of trajectories falls; stopped and resumed, the same weights", async () => {
  const gauss = { objective: "acceptance", optimiser: "gaussNewton", damping: 0.1, maxStep: 0.1, samples: 6 };
  const whole = await make("whole", train(gauss));
  const lines = readMetrics(whole).flatMap((r) => (r.kind === "epoch" ? [r] : []));
  expect(lines.map((l) => l.epoch)).toEqual([0, 1, 2]);
  expect(lines[2]!.value).toBeLessThan(lines[0]!.value);
  // a step of at most 0.1, from 0.01
  expect(Math.abs(lines[0]!.parameters[0]! - 0.01)).toBeLessThanOrEqual(0.1 + 1e-12);
  const halt = new AbortController();
  for await (const e of produce({ run: defineRun(train(gauss), { base: root }), folder: join(root, "parts"), signal: halt.signal })) if (e.kind === "epoch") halt.abort("enough");
  const parts = await make("parts", train(gauss));
  expect([...readState(parts)!.state.parameters!.values]).toEqual([...readState(whole)!.state.parameters!.values]);
  expect(readMetrics(parts)).toEqual(readMetrics(whole));
});

test.each([
  ["another mass", train({}, { fermions: [{ kind: "staggered", flavours: 2, mass: 0.3 }] }), /training\.run: got a run of another target \(fermions\[0\]\.mass: 0\.4 there, 0\.3 here\)/],
  ["too many", train({ samples: 100 }), /training\.run: got \d+ accepted trajectories in kept, expected at least 100/],
  ["stored configurations as well", train({ configurations: ["a.npy"] }), /training\.run: got it together with training\.configurations/],
  ["samples of nothing", train({ run: undefined, samples: 3 }), /training\.samples: got 3 without training\.run/],
  ["slhmc", { ...train({}), command: "slhmc" } as RunDefinition, /training\.run: got it with slhmc, which trains online/],
])("%s is refused in one line", async (name, definition, message) => {
  await expect(make(`refused ${name}`, definition)).rejects.toThrow(message);
});
