/** Run folders made by hand: the files of a run with series that a test chooses. */
import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configurationText, runPaths, writeRunFiles } from "../../src/runs/folder/folder.ts";
import { parseRun } from "../../src/runs/file/parse.ts";
import { builtIn } from "../../src/runs/parts/built-in.ts";
import type { CheckpointState, EventRecord, MeasurementRecord, MetricsRecord, TrainingRecord, TrajectoryRecord } from "../../src/runs/records.ts";
import { resolveRun } from "../../src/runs/file/resolve.ts";
import type { ResolvedRun } from "../../src/runs/resolved-run.ts";
import { SU, hot, lattice } from "../../src/gauge/index.ts";
import { saveCheckpoint } from "../../src/io/index.ts";
import { randomStream } from "../../src/util/index.ts";

export const RUN = `
title = "A run <of> a test"
group = "SU(2)"
[lattice]
extents = [3, 2, 2, 4]
[action]
beta = 2.4
[network]
kind = "cask"
length = 1
weights = [0.01, 0.05, 0.06, 0.07]
[sampler]
steps = 5
thermalisation = 10
trajectories = 60
[training]
trajectories = 20
[measurement]
observables = ["polyakov", "charge", "forces"]
every = 2
`;

export interface RunFolder {
  readonly folder: string;
  readonly run: ResolvedRun;
  readonly metrics: readonly MetricsRecord[];
}

/** Uniform noise in (-width, width), a function of k. */
const wave = (k: number, width: number): number => width * (2 * randomStream(k).sequence(1).next() - 1);

/** Lines of a run: `from` to `to` in trajectories, 10 of thermalisation, 20 of training, then production. */
export function linesOf(from: number, to: number): MetricsRecord[] {
  return Array.from({ length: to - from }, (_, i) => from + i).flatMap((trajectory): MetricsRecord[] => {
    const phase = trajectory < 10 ? "thermalise" : trajectory < 30 ? "train" : "sample";
    const line: TrajectoryRecord = { kind: "trajectory", phase, trajectory, accepted: trajectory % 4 !== 0, dH: wave(trajectory, 0.5), action: 100, kinetic: 100, plaquette: 0.6 + wave(trajectory, 0.01) };
    if (phase === "train") {
      const training: TrainingRecord = { kind: "training", step: trajectory - 10, trajectory, value: 3 / (trajectory - 8), squared: 5 / (trajectory - 8), centred: 3 / (trajectory - 8), offset: 1, gradientNorm: 0.1, rate: 0.001, parameters: [0.01, 0.05, 0.06, 0.07 + 0.001 * trajectory] };
      return [line, training];
    }
    if (phase === "thermalise" || trajectory % 2 === 0) return [line];
    const measurement: MeasurementRecord = { kind: "measurement", trajectory, values: { "polyakov.re": 0.1, "|polyakov|": 0.3 + wave(trajectory, 0.1), charge: Math.round(wave(trajectory, 2)) }, forces: { gauge: { rms: 1.5, max: 4 }, guide: { rms: 1.4, max: 3.9 } } };
    return trajectory === 51 ? [line, measurement, { kind: "check", trajectory, repeated: true, reversibility: 2.5e-13, reversibilityDH: 1e-12, unitarity: 3e-15, determinant: 4e-15 }] : [line, measurement];
  });
}

/** A folder with a run of so many trajectories; a checkpoint at the last one, unless there is none. */
export function makeRun(trajectories: number, options: { readonly checkpoint?: boolean } = {}): RunFolder {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-run-"));
  const run = resolveRun("slhmc", { configuration: parseRun(RUN, "run.toml"), base: ".", registry: builtIn });
  const paths = runPaths(folder);
  writeRunFiles(paths, run, configurationText(run), "0.1.0");
  const metrics = linesOf(0, trajectories);
  writeFileSync(paths.metrics, metrics.map((r) => `${JSON.stringify(r)}\n`).join(""));
  const start: EventRecord = { kind: "start", time: "2026-01-01T00:00:00.000Z", position: 0, version: "0.1.0", arithmetic: { engine: "wasm", fusedMultiplyAdd: false }, environment: { Node: "20.20.2" } };
  appendFileSync(paths.events, `${JSON.stringify(start)}\n`);
  if (options.checkpoint ?? true) saveState(folder, run, trajectories, 5);
  return { folder, run, metrics };
}

/** A checkpoint with the links of a hot start. */
export function saveState(folder: string, run: ResolvedRun, position: number, seed: number): void {
  const U = hot(lattice(run.configuration.lattice.extents), SU(2), { seed });
  const state: CheckpointState = {
    version: 1, command: run.command, configurationHash: run.hash, configuration: run.configuration, arithmetic: { engine: "wasm", fusedMultiplyAdd: false },
    position, total: 90, done: false, phase: "sample", random: { seed: 0, stream: 0, trajectory: position }, group: 2, extents: run.configuration.lattice.extents,
    links: U.fields.map((f) => f.toArray()),
    parameters: { names: ["network.0.rho", "network.0.rhoQ", "network.0.rhoK", "network.0.rhoV"], values: Float64Array.of(0.01, 0.2, 0.3, 0.4) },
    training: null, counters: {}, metrics: { bytes: 0, lines: linesOf(0, position).length, sha256: "" },
  };
  saveCheckpoint(folder, position, state);
}
