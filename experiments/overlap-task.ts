/** One guide of one overlap target, one seed, as a run: `gaugegrad run experiments/overlap-task.ts JSON` prints its summary as JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunDefinition, defineRun, produce, readRun } from "gaugegrad/runs";

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
  /** Of a trajectory of production. */
  readonly secondsEach: number;
  readonly seconds: number;
}

/** The run of a task. */
export function overlapRun(task: OverlapTask): RunDefinition {
  const { kernel, guide, network, training, seed, thermalise, train, trajectories, extents, beta, mass } = task;
  return {
    command: "slhmc", group: "U(1)", lattice: { extents: [...extents] }, start: { kind: "hot" }, action: { beta }, fermions: [{ kind: "overlap", flavours: 2, mass, kernel, exact: true }], guide,
    ...(network ? { network } : {}), ...(training ? { training: { ...training, trajectories: train } } : {}),
    // a network acts on the whole of S_theta, which then is on one time scale
    sampler: { seed, thermalisation: thermalise, trajectories, ...((guide as { fermions?: unknown[] }).fermions?.length ? { levels: [{ force: "fermions", integrator: "omelyan", steps: 4 }, { force: "gauge", integrator: "omelyan", steps: 2 }] } : { steps: 8 }) },
    measurement: { observables: ["charge"] }, checks: { every: 0 },
  } as RunDefinition;
}

export async function runOverlap(task: OverlapTask): Promise<OverlapResult> {
  const folder = mkdtempSync(join(tmpdir(), "overlap-"));
  const began = performance.now();
  try {
    let first = began;
    for await (const event of produce({ run: defineRun(overlapRun(task)), folder })) if (event.kind === "trajectory" && event.phase !== "sample") first = performance.now();
    const end = performance.now();
    const summary = readRun(folder).summary() as unknown as Readonly<Record<string, { mean: number; error: number; tauInt: number }>>;
    const of = (name: string): Estimate => [summary[name]!.mean, summary[name]!.error, summary[name]!.tauInt];
    return { task, acceptance: of("acceptance"), expMinusDH: of("expMinusDH"), plaquette: of("plaquette"), charge: of("charge"), secondsEach: (end - first) / 1000 / task.trajectories, seconds: (end - began) / 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [given] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && given) process.stdout.write(JSON.stringify(await runOverlap(JSON.parse(given) as OverlapTask)));
