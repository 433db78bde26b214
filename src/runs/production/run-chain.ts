/** One chain of a run: its sampler with the checks of the run, and the records of its trajectories. */
import { plaquettes, reunitarise } from "../../gauge/index.ts";
import { PhysicsCheckError, SolverError } from "../../errors.ts";
import { type Movable, type TrajectoryResult, linksOf } from "../../samplers/index.ts";
import { CheckedSampler } from "./checked-sampler.ts";
import type { MetricsRecord } from "../records.ts";
import type { RunSampler, SamplerLearning } from "../parts/part.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { optionsOf } from "../schema.ts";
import { onObserved } from "../moved.ts";
import type { GuideParts, System } from "../system-types.ts";

export interface ChainOptions {
  /** A solve failed and the trajectory counts as rejected; the links are those before it. */
  readonly onFailedSolve: (trajectory: number, text: string) => void;
  readonly guide?: GuideParts | undefined;
  /** Number of the chain, where there are several: added to the stream. */
  readonly shard?: number;
  /** Trained numbers of the sampler itself, and what it carried when the run was saved. */
  readonly weights?: Float64Array | undefined;
  readonly memory?: Float64Array | undefined;
}

/** HMC with the checks of the run; the records of each trajectory are collected until the unit is complete. */
export class RunChain {
  readonly #c: ResolvedRun["configuration"];
  readonly #phase: "thermalise" | "train" | "sample";
  readonly #sampler: CheckedSampler;
  readonly #own: RunSampler;
  readonly #system: System;
  readonly #onFailedSolve: (trajectory: number, text: string) => void;
  #records: MetricsRecord[] = [];

  constructor({ configuration: c, registry }: ResolvedRun, system: System, phase: "thermalise" | "train" | "sample", position: number, { onFailedSolve, guide, shard = 0, weights, memory }: ChainOptions) {
    const { seed } = c.sampler;
    const stream = c.sampler.stream + shard;
    const part = registry.get("sampler", c.sampler.kind);
    const acceptAlways = phase === "thermalise" ? (c.sampler.acceptAlways ?? 0) : 0;
    this.#c = c;
    this.#phase = phase;
    this.#system = system;
    this.#onFailedSolve = onFailedSolve;
    this.#own = part.build(optionsOf(part, c.sampler), { system, guide, seed, stream, acceptAlways, weights });
    if (memory) this.#own.memory?.give(memory);
    this.#sampler = new CheckedSampler(this.#own, c.checks, (record) => this.#records.push(record));
    this.#sampler.trajectory = position;
  }

  get trajectory(): number {
    return this.#sampler.trajectory;
  }

  /** What the sampler carries besides the links, a copy. */
  get memory(): Float64Array | undefined {
    return this.#own.memory?.take();
  }

  /** Numbers of the last update. */
  get values(): Readonly<Record<string, number>> {
    return this.#own.values?.() ?? {};
  }

  get learning(): SamplerLearning | undefined {
    return this.#own.learning;
  }

  step(U: Movable): TrajectoryResult {
    const pieces = this.steps(U);
    for (;;) {
      const next = pieces.next();
      if (next.done) return next.value;
    }
  }

  *steps(U: Movable): Generator<undefined, TrajectoryResult, void> {
    const { reunitarise: every, acceptAlways = 0 } = this.#c.sampler;
    const { result, failed } = yield* this.#attempt(U);
    const { trajectory, accepted, dH, action, kinetic } = result;
    const links = linksOf(U);
    if (links && every > 0 && (trajectory + 1) % every === 0) {
      using moved = reunitarise(links);
      links.copyFrom(moved);
    }
    const forced = this.#phase === "thermalise" && trajectory < acceptAlways && accepted;
    // JSON has no infinity; exp(-dH) is 0 either way
    this.#records.push({ kind: "trajectory", phase: this.#phase, trajectory, accepted, dH: Math.min(dH, Number.MAX_VALUE), action, kinetic, ...(links ? { plaquette: onObserved({ ...this.#system, U: links }, (W) => plaquettes(W).mean) } : {}), ...(forced ? { forced } : {}), ...(failed === undefined ? {} : { failed }) });
    return { trajectory, accepted, dH, expMinusDH: Math.exp(-dH), action, kinetic };
  }

  /** One trajectory; where the run file says so, one in which a solve fails is a rejected one. */
  *#attempt(U: Movable): Generator<undefined, { readonly result: TrajectoryResult; readonly failed?: string }, void> {
    const { trajectory } = this.#sampler;
    try {
      const pieces = this.#sampler.steps(U);
      try {
        for (;;) {
          const next = pieces.next();
          if (next.done) return { result: next.value };
          yield undefined;
        }
      } finally {
        pieces.return(undefined as never);
      }
    } catch (error) {
      if (this.#c.sampler.failedSolve !== "reject" || !(error instanceof PhysicsCheckError && error.cause instanceof SolverError)) throw error;
      this.#onFailedSolve(trajectory, error.message);
      this.#sampler.trajectory = trajectory + 1;
      return { result: { trajectory, accepted: false, dH: Infinity, expMinusDH: 0, action: Number.NaN, kinetic: Number.NaN }, failed: error.message };
    }
  }

  take(): MetricsRecord[] {
    const taken = this.#records;
    this.#records = [];
    return taken;
  }
}
