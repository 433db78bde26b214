/** Wilson loops of all sizes and the kernel of overlap fermions as observables of runs. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { LinkField } from "gaugegrad";
import { gaugeFunctional, gradientFlow, scalesOf, topologicalCharge, flowScales as wilsonScales } from "../../src/gauge/index.ts";
import { readGauge } from "../../src/io/index.ts";
import { flowOf } from "../../src/runs/sections/flow-action.ts";
import { type RunDefinition, bibliography, builtIn, defineRun, produce, readRun } from "gaugegrad/runs";
import { readMetrics } from "../../src/runs/folder/folder.ts";

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

test("flow scales of an ensemble are those of its mean energy; one file an observable; configurations in Landau gauge", async () => {
  const folder = mkdtempSync(join(root, "flow-"));
  const observables = [{ kind: "flow-scales", time: 1.2, step: 0.05, every: 0.05, action: { loops: [{ name: "plaquette", weight: 1 }] } }, "planes", "polyakov"];
  const run = defineRun({
    group: "SU(2)", lattice: { extents: [4, 4, 4, 4] }, start: { kind: "hot" }, action: { beta: 1 }, sampler: { steps: 5, seed: 4, thermalisation: 8, trajectories: 8 }, checks: { every: 0 },
    measurement: { observables, flow: { time: 0.2, step: 0.1, every: 0.1, action: "iwasaki" } }, output: { configurations: { every: 8, format: "npy", gauge: "landau" } },
  });
  for await (const _ of produce({ run, folder })) void _;
  const records = readMetrics(folder).filter((r) => r.kind === "measurement");
  const times = Array.from({ length: 25 }, (_, k) => Number((0.05 * k).toPrecision(12)));
  const history = (rows: typeof records) => times.map((t) => ({ t, energy: rows.reduce((s, r) => s + r.values[`flowE(${t})`]! / rows.length, 0) }));
  const { t0, w0 } = scalesOf(history(records));
  const summary = readRun(folder).summary();
  // jackknife, for the size of the error
  const leftOut = records.map((_, k) => scalesOf(history(records.filter((_r, j) => j !== k))).t0!);
  const mean = leftOut.reduce((s, x) => s + x / leftOut.length, 0);
  const error = Math.sqrt(((leftOut.length - 1) / leftOut.length) * leftOut.reduce((s, x) => s + (x - mean) ** 2, 0));
  expect(summary["t0"]!.mean).toBeCloseTo(t0!, 10);
  expect(summary["w0"]!.mean).toBeCloseTo(w0!, 10);
  const { error: found, tauInt } = summary["t0"]!;
  expect(found / Math.sqrt(2 * tauInt) / error).toBeGreaterThan(0.85);
  expect(found / Math.sqrt(2 * tauInt) / error).toBeLessThan(1.15);
  // the flow of the plaquette action is the Wilson flow
  const { U } = readGauge(join(folder, "configurations", "00000016.npy"), { lattice: run.configuration.lattice.extents });
  const own = wilsonScales(U as never, { step: 0.05, maximumTime: 1.2 });
  own.history.forEach(({ t, energy }) => expect(records.at(-1)!.values[`flowE(${t})`]!).toBeCloseTo(energy, 9));
  expect(gaugeFunctional(U as never, "landau").theta).toBeLessThan(1e-14);
  const text = (name: string): string[][] => readFileSync(join(folder, "observables", `${name}.txt`), "utf8").trim().split("\n").map((l) => l.split(" "));
  expect(text("planes")[0]).toEqual(["#", "trajectory", ...Object.keys(records[0]!.values).filter((name) => name.startsWith("plaquette."))]);
  expect(text("polyakov").slice(1).map((row) => row.map(Number))).toEqual(records.map((r) => [r.trajectory, r.values["polyakov.re"], r.values["|polyakov|"]]));
  expect(text("flow-scales")).toHaveLength(9);
  expect(text("flow").slice(1).map((row) => row.map(Number))[2]).toEqual([records[0]!.trajectory, 0.2, ...["plaquette", "energyPlaquette", "energyClover", "topologicalCharge"].map((k) => records[0]!.flow![2]![k as "plaquette"])]);
  expect(() => defineRun({ ...run.configuration, measurement: { observables: [{ kind: "flow-scales", step: 0.03 }] } } as never)).toThrow(/expected a multiple of its step/);
});

test("Creutz ratios, potential and connected correlations of an ensemble are functions of its means", async () => {
  const folder = mkdtempSync(join(root, "ratios-"));
  const observables = [{ kind: "wilson-loops", R: 2, T: 2 }, { kind: "wilson-loops", R: 1, T: 3, as: "far" }, { kind: "loop-correlations", loop: "plaquette" }, { kind: "loop-correlations", loop: "polyakov-x", other: "+x +t -x -t", separations: [[0, 1], [2, 0]] }];
  const run = defineRun({ group: "U(1)", lattice: { extents: [4, 6] }, start: { kind: "near-unit", width: 0.3 }, action: { beta: 6 }, sampler: { steps: 5, seed: 2, thermalisation: 5, trajectories: 24 }, checks: { every: 0 }, measurement: { observables } });
  for await (const _ of produce({ run, folder })) void _;
  const rows = readMetrics(folder).filter((r) => r.kind === "measurement").map((r) => r.values);
  const mean = (name: string): number => rows.reduce((s, v) => s + v[name]! / rows.length, 0);
  const found = readRun(folder).summary();
  expect(found["creutz(2,2)"]!.mean).toBeCloseTo(-Math.log((mean("W(2,2)") * mean("W(1,1)")) / (mean("W(2,1)") * mean("W(1,2)"))), 12);
  expect(found["creutz(1,2)"]!.mean).toBeCloseTo(-Math.log(mean("W(1,2)") / mean("W(1,1)")), 12);
  expect(found["creutz(1,1)"]!.mean).toBeCloseTo(-Math.log(mean("W(1,1)")), 12);
  expect(found["potential(2,1)"]!.mean).toBeCloseTo(Math.log(mean("W(2,1)") / mean("W(2,2)")), 12);
  expect(found["potential(2,2)"]).toBeUndefined();
  expect(found["connected.plaquette(1)"]!.mean).toBeCloseTo(mean("corr.plaquette(1)") - mean("loop.plaquette") ** 2, 12);
  expect(found["connected.plaquette(0)"]!.mean).toBeGreaterThan(found["connected.plaquette(0)"]!.error);
  expect(found["connected.polyakov-x,+x+t-x-t[2,0]"]!.mean).toBeCloseTo(mean("corr.polyakov-x,+x+t-x-t[2,0]") - mean("loop.polyakov-x") * mean("loop.+x+t-x-t"), 12);
  // the same kind with other options has names and a file of its own
  expect(found["far.creutz(1,1)"]!.mean).toBeCloseTo(found["creutz(1,1)"]!.mean, 12);
  expect(readFileSync(join(folder, "observables", "far.txt"), "utf8").split("\n")[0]).toBe("# trajectory far.W(1,1) far.W(1,2) far.W(1,3)");
  const twice = defineRun({ ...run.configuration, measurement: { observables: [{ kind: "loop-correlations", separations: [[1, 0]] }, { kind: "loop-correlations", loop: "+x +t -x -t", separations: [[1, 0]] }, { kind: "residual-mass", mass: 0.1, Ls: 2 }, { kind: "residual-mass", mass: 0.2, Ls: 2 }] } } as never);
  await expect(async () => {
    for await (const _ of produce({ run: twice, folder: mkdtempSync(join(root, "twice-")) })) void _;
  }).rejects.toThrow(/two values residualMass.*give one of them as = "WORD"/);
  // one file an observable
  expect(readFileSync(join(folder, "observables", "loop-correlations.txt"), "utf8").split("\n")[0]).toMatch(/^# trajectory loop\.plaquette corr\.plaquette\(0\)/);
  expect(() => defineRun({ ...run.configuration, measurement: { observables: [{ kind: "loop-correlations", loop: "plaquet" }] } } as never)).toThrow(/got the name "plaquet", expected plaquette/);
  expect(() => defineRun({ ...run.configuration, measurement: { observables: [{ kind: "loop-correlations", loop: "+x +t" }] } } as never)).toThrow(/expected one that returns to its start/);
  expect(() => defineRun({ ...run.configuration, measurement: { observables: [{ kind: "loop-correlations", separations: [[1]] }] } } as never)).toThrow(/expected 2 integers/);
});

test("charges of several kinds along the flow, in four dimensions", async () => {
  const folder = mkdtempSync(join(root, "charge-"));
  const observables = ["charge", { kind: "charge", methods: ["clover", "improved", "bilsonThompson"], times: [0, 0.4, 0.2], step: 0.05, action: "iwasaki" }];
  const run = defineRun({ group: "SU(2)", lattice: { extents: [4, 4, 4, 4] }, start: { kind: "near-unit", width: 0.4 }, action: { beta: 2.4 }, sampler: { steps: 4, seed: 3, trajectories: 1 }, checks: { every: 0 }, measurement: { observables }, output: { configurations: { every: 1, format: "npy" } } });
  for await (const _ of produce({ run, folder })) void _;
  const [record] = readMetrics(folder).filter((r) => r.kind === "measurement");
  const U = readGauge(join(folder, "configurations", "00000001.npy"), { lattice: run.configuration.lattice.extents }).U as LinkField;
  const flow = gradientFlow({ step: 0.05, action: flowOf("iwasaki") });
  for (const [time, steps] of [[0, 0], [0.2, 4], [0.4, 4]] as const) {
    if (steps > 0) flow.advance(U, steps);
    for (const method of ["clover", "improved", "bilsonThompson"] as const) expect(record!.values[`charge${method === "clover" ? "" : `.${method}`}${time ? `(${time})` : ""}`]).toBeCloseTo(topologicalCharge(U, method), 10);
  }
  expect(() => defineRun({ ...run.configuration, measurement: { observables: [{ kind: "charge", times: [0.03] }] } } as never)).toThrow(/multiple of its step/);
  expect(() => defineRun({ ...run.configuration, group: "U(1)", lattice: { extents: [4, 4] }, measurement: { observables: [{ kind: "charge", methods: ["improved"] }] } } as never)).toThrow(/plaquette angles/);
  const cited = bibliography(run.configuration, builtIn).bibtex;
  for (const number of ["1708.00696", "hep-lat/0203008", "1006.4518"]) expect(cited).toContain(number);
});

test("four dimensions: smeared lines of space raise loops in space and time", async () => {
  const run = (steps: number): RunDefinition => ({ group: "SU(2)", lattice: { extents: [4, 4, 4, 4] }, start: { kind: "near-unit", width: 0.3 }, action: { beta: 2.4 }, sampler: { steps: 4, seed: 2, trajectories: 1 }, checks: { every: 0 }, measurement: { observables: [{ kind: "wilson-loops", R: 2, T: 1, steps }] } });
  const [[thin], [smeared]] = [await measured(run(0)), await measured(run(5))];
  expect(smeared!["W(2,1)"]!).toBeGreaterThan(thin!["W(2,1)"]!);
  expect(() => defineRun({ ...run(1), lattice: { extents: [4, 4] } })).toThrow(/expected at least 3/);
});

test("loops that are none are told before a run begins, wherever it names them", () => {
  const run = (more: object): unknown => defineRun({ group: "SU(2)", lattice: { extents: [4, 4] }, action: { beta: 2 }, sampler: { steps: 2, trajectories: 1 }, ...more } as never);
  const wrong: [loops: object[], message: RegExp][] = [
    [[{ name: "plaquette", weight: 1 }, { path: "+x +t", weight: 1 }], /loops\[1\]: got the path \+x \+t, expected one that returns to its start/],
    [[{ path: "1 2 -1 -2", weight: 1 }], /loops\[0\]: path "1 2 -1 -2": got the step "1", expected \+x/],
    [[{ path: "+y +x -y -x", weight: 1 }], /loops\[0\]: path "\+y \+x -y -x": got the step "\+y"/],
    [[{ name: "plaquet", weight: 1 }], /loops\[0\]: .*got the name "plaquet"/],
    [[{ weight: 1 }], /loops\[0\]: got neither or both of name and path/],
  ];
  for (const [loops, message] of wrong) {
    expect(() => run({ action: { kind: "loops", beta: 2, loops } })).toThrow(new RegExp(`action\\.${message.source}`));
    expect(() => run({ guide: { action: { kind: "loops", beta: 2, loops } } })).toThrow(message);
    expect(() => run({ measurement: { flow: { time: 0.2, every: 0.1, action: { loops } } } })).toThrow(new RegExp(`measurement\\.flow\\.action\\.${message.source}`));
    expect(() => run({ measurement: { observables: [{ kind: "flow-scales", time: 0.5, step: 0.05, action: { loops } }] } })).toThrow(new RegExp(`flow-scales: action\\.${message.source}`));
  }
  // a line around the torus is closed
  run({ action: { kind: "loops", beta: 2, loops: [{ path: "+4x", weight: 0.1 }] } });
});
