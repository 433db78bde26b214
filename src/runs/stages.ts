/**
 * The stages of a run as one sequence of units: trajectories that thermalise, trajectories with a training step, trajectories of production;
 * or epochs on stored configurations. Between two units the caller may save or stop.
 */
import { resolve } from "node:path";
import { randomStream } from "../util/index.ts";
import { plaquettes, reunitarise } from "../gauge/index.ts";
import { ConfigurationError, PhysicsCheckError, SolverError } from "../errors.ts";
import {
  type EffectiveAction, type Epoch, type LearningOptions, type Loss, type Optimiser, type Schedule, type TrainingSample, type TrainingState, adam, adamW, gaussNewton, regression, schedules, sgd, takeSample, onlineTraining, trainOffline,
} from "../training/index.ts";
import type { TrajectoryResult } from "../samplers/index.ts";
import { CheckedSampler, checking } from "./checked-sampler.ts";
import { readConfiguration } from "./folder.ts";
import { expectSameTarget } from "./identity.ts";
import { enteringLinks, gathered } from "./links.ts";
import { measure } from "./measure.ts";
import type { MetricsRecord, Phase } from "./records.ts";
import type { ResolvedRun } from "./resolved-run.ts";
import type { Registry } from "./registry/registry.ts";
import { optionsOf } from "./schema.ts";
import { type TrainingSection, isOffline } from "./sections.ts";
import { onObserved } from "./system.ts";
import type { GuideParts, System } from "./system-types.ts";
import { storedTrajectories } from "./trajectories.ts";

/** Where a run stands and what it has learnt. */
export interface Progress {
  /** Trajectories, or epochs, done. */
  readonly position: number;
  /** Of the effective action; undefined while nothing was trained. */
  readonly theta?: Float64Array;
  /** Of the training that goes on; undefined outside of it. */
  readonly training?: TrainingState;
}

/** What one trajectory or epoch left behind. */
export interface Unit {
  readonly phase: Phase;
  readonly records: readonly MetricsRecord[];
  readonly progress: () => Progress;
}

/** What happens beside the units. */
export interface StageEvents {
  /** Something has to be said. */
  readonly onNote: (text: string) => void;
  /** A solve failed and the trajectory counts as rejected; the links are those before it. */
  readonly onFailedSolve: (trajectory: number, text: string) => void;
}

/** Number of units of the stages. */
export interface Lengths {
  readonly thermalise: number;
  readonly train: number;
  readonly sample: number;
  readonly epochs: number;
}

/** How long each stage of a run is; epochs may end early. */
export function lengthsOf({ command, configuration: { sampler, training } }: ResolvedRun): Lengths {
  if (command === "train" && isOffline(training)) return { thermalise: 0, train: 0, sample: 0, epochs: training!.epochs };
  return {
    thermalise: sampler.thermalisation,
    train: command !== "hmc" && training ? training.trajectories : 0,
    sample: command === "train" ? 0 : sampler.trajectories,
    epochs: 0,
  };
}

/** The units after `from`; undefined within a trajectory, where the caller may stop as well: the links are then those before it. @throws PhysicsCheckError for failed checks, NaN and solvers that do not converge. */
export function* stages(run: ResolvedRun, system: System, from: Progress, events: StageEvents): Generator<Unit | undefined, Progress, void> {
  const { thermalise, train, sample, epochs } = lengthsOf(run);
  let progress = from;
  if (epochs > 0) return yield* offline(run, system, from, events);
  // the prior run of a training has the target's own force; without training the guide leads from the first trajectory on
  const prior = train > 0 ? undefined : system.guide?.at();
  if (progress.position < thermalise) progress = yield* trajectories(run, system, "thermalise", progress, thermalise, events, prior);
  if (progress.position < thermalise + train) progress = yield* online(run, system, progress, thermalise + train, events);
  if (progress.position < thermalise + train + sample) progress = yield* trajectories(run, system, "sample", progress, thermalise + train + sample, events, system.guide?.at(progress.theta));
  return progress;
}

/** HMC with the checks of the run; the records of each trajectory are collected until the unit is complete. */
class RunChain {
  readonly #c: ResolvedRun["configuration"];
  readonly #phase: "thermalise" | "train" | "sample";
  readonly #sampler: CheckedSampler;
  readonly #system: System;
  readonly #events: StageEvents;
  #records: MetricsRecord[] = [];

  constructor({ configuration: c, registry }: ResolvedRun, system: System, phase: "thermalise" | "train" | "sample", position: number, events: StageEvents, guide?: GuideParts) {
    const { seed, stream } = c.sampler;
    const part = registry.get("sampler", c.sampler.kind);
    const acceptAlways = phase === "thermalise" ? (c.sampler.acceptAlways ?? 0) : 0;
    this.#c = c;
    this.#phase = phase;
    this.#system = system;
    this.#events = events;
    this.#sampler = new CheckedSampler(part.build(optionsOf(part, c.sampler), { system, guide, seed, stream, acceptAlways }), c.checks, (record) => this.#records.push(record));
    this.#sampler.trajectory = position;
  }

  get trajectory(): number {
    return this.#sampler.trajectory;
  }

  step(U: System["U"]): TrajectoryResult {
    const pieces = this.steps(U);
    for (;;) {
      const next = pieces.next();
      if (next.done) return next.value;
    }
  }

  *steps(U: System["U"]): Generator<undefined, TrajectoryResult, void> {
    const { reunitarise: every, acceptAlways = 0 } = this.#c.sampler;
    const { result, failed } = yield* this.#attempt(U);
    const { trajectory, accepted, dH, action, kinetic } = result;
    if (every > 0 && (trajectory + 1) % every === 0) {
      using moved = reunitarise(U);
      U.copyFrom(moved);
    }
    const forced = this.#phase === "thermalise" && trajectory < acceptAlways && accepted;
    // JSON has no infinity; exp(-dH) is 0 either way
    this.#records.push({ kind: "trajectory", phase: this.#phase, trajectory, accepted, dH: Math.min(dH, Number.MAX_VALUE), action, kinetic, plaquette: onObserved(this.#system, (W) => plaquettes(W).mean), ...(forced ? { forced } : {}), ...(failed === undefined ? {} : { failed }) });
    return { trajectory, accepted, dH, expMinusDH: Math.exp(-dH), action, kinetic };
  }

  /** One trajectory; where the run file says so, one in which a solve fails is a rejected one. */
  *#attempt(U: System["U"]): Generator<undefined, { readonly result: TrajectoryResult; readonly failed?: string }, void> {
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
      this.#events.onFailedSolve(trajectory, error.message);
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

function* trajectories(run: ResolvedRun, system: System, phase: "thermalise" | "sample", from: Progress, end: number, events: StageEvents, guide?: GuideParts): Generator<Unit | undefined, Progress, void> {
  const { configuration: c } = run;
  const sampler = new RunChain(run, system, phase, from.position, events, guide);
  const theta = from.theta ? { theta: from.theta } : {};
  while (sampler.trajectory < end) {
    const { trajectory } = yield* sampler.steps(system.U);
    const records = sampler.take();
    if (phase === "sample" && (trajectory + 1) % c.measurement.every === 0) records.push(checking(`measurement after trajectory ${trajectory}`, () => measure(run, system, trajectory, guide)));
    yield { phase, records, progress: () => ({ position: trajectory + 1, ...theta }) };
  }
  return { position: end, ...theta };
}

function* online(run: ResolvedRun, system: System, from: Progress, end: number, events: StageEvents): Generator<Unit | undefined, Progress, void> {
  const { configuration: c } = run;
  const t = c.training!;
  const sampler = new RunChain(run, system, "train", from.position, events);
  const { batch = 1 } = t;
  const training = onlineTraining({
    ...learning(t, run.registry, system.guide!.effective!, t.trajectories, from.training),
    sampler,
    target: system.target,
    U: system.U,
    trajectories: t.trajectories,
    ...(batch > 1 || t.replay !== undefined ? { replay: { capacity: t.replay ?? batch, batch, seed: c.sampler.seed } } : {}),
  });
  const last = yield* guarded(training, (s): Unit => ({
    phase: "train",
    records: [
      ...sampler.take(),
      { kind: "training", step: s.step, trajectory: s.result.trajectory, value: s.value, squared: s.squared, ...(s.centred === undefined ? {} : { centred: s.centred }), offset: s.offset, gradientNorm: s.gradientNorm, rate: s.rate, parameters: [...s.action.parameters] },
    ],
    progress: () => ({ position: s.result.trajectory + 1, theta: s.action.parameters, training: s.state() }),
  }));
  const progress = { position: end, theta: last.parameters };
  // trajectories after the last step of a loss that learns from accepted ones only
  const rest = sampler.take();
  if (rest.length > 0) yield { phase: "train", records: rest, progress: () => progress };
  return progress;
}

function* offline(run: ResolvedRun, system: System, from: Progress, { onNote }: StageEvents): Generator<Unit | undefined, Progress, void> {
  const { configuration: c } = run;
  const t = c.training!;
  const samples = storedSamples(run, system, lossOf(t, run.registry), onNote);
  const learnt = samples.length - Math.round(t.heldOut * samples.length);
  const training = trainOffline({
    ...learning(t, run.registry, system.guide!.effective!, t.epochs * Math.ceil(learnt / (t.batch ?? learnt)), from.training),
    samples,
    epochs: t.epochs,
    seed: c.sampler.seed,
    heldOut: t.heldOut,
    ...(t.batch === undefined ? {} : { batch: t.batch }),
    ...(t.patience === undefined ? {} : { patience: t.patience }),
  });
  const result = yield* guarded(training, (e: Epoch<number, unknown>): Unit => ({
    phase: "epochs",
    records: [
      { kind: "epoch", epoch: e.epoch, value: e.value, squared: e.squared, ...(e.centred === undefined ? {} : { centred: e.centred }), ...(e.heldOut === undefined ? {} : { heldOut: e.heldOut }), gradientNorm: e.gradientNorm, rate: e.rate, parameters: [...e.action.parameters] },
    ],
    progress: () => ({ position: e.epoch + 1, theta: e.action.parameters, training: e.state() }),
  }));
  return { position: result.epochs, theta: result.action.parameters };
}

/** The steps of a training as units; a gradient that is not finite is a failed check. */
function* guarded<S, T>(steps: Generator<S | undefined, T, void>, unit: (step: S) => Unit): Generator<Unit | undefined, T, void> {
  try {
    for (;;) {
      const next = checking("training", () => steps.next());
      if (next.done) return next.value;
      yield next.value === undefined ? undefined : unit(next.value);
    }
  } finally {
    steps.return(undefined as never);
  }
}

/** What a run has kept, or stored configurations with pseudofermions drawn for each of them. */
function storedSamples({ configuration: c, base }: ResolvedRun, system: System, loss: Loss, onNote: StageEvents["onNote"]): TrainingSample[] {
  const { target, lattice, group, guide, reading } = system;
  const { run, samples } = c.training!;
  if (run !== undefined) {
    const folder = resolve(base, run);
    expectSameTarget("training.run", readConfiguration(folder), c);
    const found: TrainingSample[] = [];
    for (const sample of storedTrajectories(folder, { target, lattice, group, fields: guide!.effective!.fields, force: loss.needs.force, formats: reading.formats })) if (found.push(sample) === samples) break;
    if (found.length < (samples ?? 1)) throw new ConfigurationError(`training.run: got ${found.length} accepted trajectories in ${run}, expected at least ${samples ?? 1}: go on with that run`);
    return found;
  }
  const random = randomStream(c.sampler.seed, c.sampler.stream);
  const said: { file: string; text: string }[] = [];
  const drawn = c.training!.configurations!.map((file, k) => {
    const { U, notes } = enteringLinks(resolve(base, file), lattice, group, { ...reading, order: c.training!.order, dataset: c.training!.dataset });
    said.push(...notes.map((text) => ({ file, text })));
    target.refresh?.(U, k, random);
    return takeSample(U, target, guide!.effective!.fields, { force: loss.needs.force });
  });
  gathered(said).forEach(onNote);
  return drawn;
}

function lossOf(t: TrainingSection, registry: Registry): Loss {
  const part = registry.get("loss", t.objective);
  return part.build(optionsOf(part, t));
}

function learning(t: TrainingSection, registry: Registry, action: EffectiveAction<number, unknown>, steps: number, state: TrainingState | undefined): LearningOptions<number, unknown> {
  return { action, loss: lossOf(t, registry), optimiser: optimiserOf(t, steps), offsetRate: t.offsetRate, ...(state ? { state } : {}) };
}

/** The optimiser of a training section, for a training of so many steps. */
export function optimiserOf(t: TrainingSection, steps: number): Optimiser {
  const schedule: Schedule =
    t.schedule === "cosine" ? schedules.cosine({ initial: t.rate, final: t.finalRate, steps: Math.max(1, steps - t.warmUp) }) : t.schedule === "step" ? schedules.step({ initial: t.rate, factor: t.factor, every: t.every }) : schedules.constant(t.rate);
  const rate = t.warmUp > 0 ? schedules.warmUp(t.warmUp, schedule) : schedule;
  const common = { rate, ...(t.clip === undefined ? {} : { clip: t.clip }) };
  if (t.optimiser === "adam") return adam(common);
  if (t.optimiser === "adamW") return adamW({ ...common, weightDecay: t.weightDecay });
  if (t.optimiser === "regression") return regression();
  return t.optimiser === "sgd" ? sgd({ ...common, momentum: t.momentum }) : gaussNewton({ ...(t.damping === undefined ? {} : { damping: t.damping }), ...(t.maxStep === undefined ? {} : { maxStep: t.maxStep }) });
}
