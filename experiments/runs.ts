/** Experiments as runs: each has a folder of its own in runs/reproduce, so that `reproduce` goes on where it was stopped. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type EventRecord, type RunDefinition, produceAll, readConfiguration, readMetrics, readRun, runPaths } from "gaugegrad/runs";
import { BENCHMARK } from "./settings.ts";

/** A run by the name of its folder; its definition names files as seen from the folder of all runs. */
export interface Run {
  readonly name: string;
  readonly definition: RunDefinition;
}

/** Makes what is left of the runs; a name that comes twice stands for one run. */
export async function make(runs: readonly Run[], folder: string): Promise<void> {
  const once = [...new Map(runs.map((run) => [run.name, run])).values()];
  const left = once.map(() => true);
  await produceAll({
    runs: once.map(({ name, definition }) => ({ definition, base: folder, folder: join(folder, name) })),
    engine: { threads: 1 },
    extend: true,
    parallel: Math.min(2, availableParallelism()),
    onPosition: (k, position, total, acceptance) => {
      if (position < total || !left[k]) return;
      left[k] = false;
      console.error(`${left.filter((x) => !x).length}/${once.length}  ${once[k]!.name}${acceptance === undefined ? "" : `: acceptance ${acceptance.toFixed(3)}`}`);
    },
  });
}

/** A run that goes on until so many trajectories of production were accepted. */
export interface AcceptedRun {
  readonly name: string;
  readonly accepted: number;
  readonly definition: (trajectories: number) => RunDefinition;
}

/** Trajectories of production in a folder, and how many of them were accepted. */
function counted(folder: string): { readonly done: number; readonly accepted: number } {
  if (!existsSync(runPaths(folder).info)) return { done: 0, accepted: 0 };
  const list = readMetrics(folder).filter((r) => r.kind === "trajectory" && r.phase === "sample") as readonly { readonly accepted: boolean }[];
  return { done: Math.max(list.length, readConfiguration(folder).sampler.trajectories), accepted: list.filter((t) => t.accepted).length };
}

/** The last trajectory of each run is then an accepted one: no more are asked for than are missing. */
export async function makeAccepted(runs: readonly AcceptedRun[], folder: string): Promise<void> {
  for (let open = runs; open.length > 0; open = open.filter((run) => counted(join(folder, run.name)).accepted < run.accepted)) {
    const missing = open.map(({ name, accepted, definition }): Run => {
      const now = counted(join(folder, name));
      const planned = now.done > 0 && now.accepted < accepted && complete(join(folder, name)) ? now.done + accepted - now.accepted : Math.max(now.done, accepted);
      return { name, definition: definition(planned) };
    });
    await make(missing, folder);
  }
}

/** Every planned trajectory is there. */
const complete = (folder: string): boolean => readMetrics(folder).filter((r) => r.kind === "trajectory" && r.phase === "sample").length >= readConfiguration(folder).sampler.trajectories;

/** Seed, stream and lengths of a run, and the sections that it has of its own. */
export interface TargetOptions {
  readonly extents?: readonly number[];
  readonly seed: number;
  readonly stream: number;
  readonly thermalisation?: number;
  readonly trajectories?: number;
  readonly more?: Partial<RunDefinition>;
}

/** The target of the SU(2) experiments, near unity at the start. */
export function target({ extents = BENCHMARK.extents, seed, stream, thermalisation = 0, trajectories = 0, more = {} }: TargetOptions): RunDefinition {
  const { beta, mass, steps } = BENCHMARK;
  return {
    lattice: { extents: [...extents] },
    group: "SU(2)",
    start: { kind: "near-unit", width: 0.5 },
    action: { kind: "wilson", beta },
    fermions: [{ kind: "staggered", flavours: 4, mass, tolerance: 1e-10 }],
    sampler: { integrator: "leapfrogQPQ", steps, length: 1, seed, stream, acceptAlways: 0, thermalisation, trajectories },
    measurement: { observables: [] },
    output: { checkpoint: 50 },
    checks: { every: 100 },
    ...more,
  };
}

/** The links that all runs of a seed start from: a run without trajectories. */
export function startOf(seed: number, extents: readonly number[] = BENCHMARK.extents): Run {
  return { name: `start-${extents[0]}-seed${seed}`, definition: target({ extents, seed, stream: 0 }) };
}

/** Mean and error of a quantity of a run. */
export function valueOf(folder: string, name: string): [mean: number, error: number] {
  const { mean, error } = readRun(folder).summary()[name]!;
  return [mean, error];
}

/** Seconds between the starts and the ends of the parts of a run, set-up not among them; `from`: the number of ends before those that count. */
export function secondsOf(events: readonly EventRecord[], from = 0): number {
  let [seconds, ends] = [0, 0];
  let began: number | undefined;
  for (const { kind, time } of events) {
    if (kind === "start" || kind === "resume") began = Date.parse(time);
    if ((kind !== "stop" && kind !== "done") || began === undefined) continue;
    if (ends++ >= from) seconds += (Date.parse(time) - began) / 1000;
    began = undefined;
  }
  return seconds;
}
