/** The rows of the page on overlap targets as runs: one guide, one seed each. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type RunDefinition, readConfiguration, readRun, runPaths } from "gaugegrad/runs";
import { gammaMethod } from "gaugegrad/util";
import { type Run, make, secondsOf } from "./runs.ts";

export interface OverlapTask {
  readonly name: string;
  readonly kernel: "wilson" | "shamir";
  /** Sections of a run file. */
  readonly guide: object;
  readonly network?: object;
  readonly training?: object;
  readonly seed: number;
  readonly thermalise: number;
  readonly train: number;
  readonly trajectories: number;
  readonly extents: readonly number[];
  readonly beta: number;
  readonly mass: number;
}

type Estimate = readonly [mean: number, error: number, tau: number];

export interface OverlapResult {
  readonly task: OverlapTask;
  readonly acceptance: Estimate;
  readonly expMinusDH: Estimate;
  readonly plaquette: Estimate;
  readonly charge: Estimate;
  /** Q^2. */
  readonly charge2: Estimate;
  /** Of a trajectory of production. */
  readonly secondsEach: number;
}

/** The run of a task. */
export function overlapRun(task: OverlapTask): RunDefinition {
  const { kernel, guide, network, training, seed, thermalise, train, trajectories, extents, beta, mass } = task;
  return {
    command: "slhmc", group: "U(1)", lattice: { extents: [...extents] }, start: { kind: "hot" }, action: { beta }, fermions: [{ kind: "overlap", flavours: 2, mass, kernel, exact: true }], guide,
    ...(network ? { network } : {}), ...(training ? { training: { ...training, trajectories: train } } : {}),
    // a network acts on the whole of S_theta, which then is on one time scale
    // a guide that is far from the target far from equilibrium would keep a chain at its start
    sampler: { seed, thermalisation: thermalise, trajectories, acceptAlways: Math.floor(thermalise / 2), ...((guide as { fermions?: unknown[] }).fermions?.length ? { levels: [{ force: "fermions", integrator: "omelyan", steps: 4 }, { force: "gauge", integrator: "omelyan", steps: 2 }] } : { steps: 8 }) },
    measurement: { observables: ["charge"] }, checks: { every: 0 },
  } as RunDefinition;
}

const nameOf = ({ kernel, name, seed }: OverlapTask): string => `${kernel}-${name.replaceAll(/[^\w.]+/g, "-")}-seed${seed}`;

/** Makes the runs in two steps, so that the time of production is known: first what comes before it, then the same runs go on. */
export async function runOverlap(tasks: readonly OverlapTask[], folder: string): Promise<OverlapResult[]> {
  const begun = (task: OverlapTask): boolean => existsSync(runPaths(join(folder, nameOf(task))).info) && readConfiguration(join(folder, nameOf(task))).sampler.trajectories > 0;
  const runs = (list: readonly OverlapTask[]): Run[] => list.map((task) => ({ name: nameOf(task), definition: overlapRun(task) }));
  await make(runs(tasks.filter((t) => !begun(t)).map((t) => ({ ...t, trajectories: 0 }))), folder);
  await make(runs(tasks), folder);
  return tasks.map((task): OverlapResult => {
    const reader = readRun(join(folder, nameOf(task)));
    const { events, metrics } = reader.read();
    const squares = gammaMethod(metrics.flatMap((r) => (r.kind === "measurement" ? [r.values["charge"]! ** 2] : [])));
    const summary = reader.summary();
    const of = (key: string): Estimate => [summary[key]!.mean, summary[key]!.error, summary[key]!.tauInt];
    // stops before the first end belong to what comes before production
    const ends = events.filter((e) => e.kind === "stop" || e.kind === "done");
    const production = secondsOf(events, ends.findIndex((e) => e.kind === "done") + 1);
    return { task, acceptance: of("acceptance"), expMinusDH: of("expMinusDH"), plaquette: of("plaquette"), charge: of("charge"), charge2: [squares.mean, squares.error, squares.tauInt], secondsEach: production / task.trajectories };
  });
}
