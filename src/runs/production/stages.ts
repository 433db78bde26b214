/**
 * The stages of a run as one sequence of units: trajectories that thermalise, trajectories with a training step, trajectories of production;
 * or epochs on stored configurations. Between two units the caller may save or stop.
 */
import { resolve } from "node:path";
import { type AlgebraField, DirectionalField } from "../../autograd/index.ts";
import { randomStream } from "../../util/index.ts";
import { type Epoch, type Loss, type OnlineStep, type TrainingSample, liveSample, onlineTraining, takeSample, trainOffline } from "../../training/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { checking } from "./checked-sampler.ts";
import { readConfiguration } from "../folder/folder.ts";
import { expectSameTarget } from "../identity.ts";
import { learning, lossOf } from "../system/learning.ts";
import { type Progress, type StageEvents, type Unit, guarded } from "./progress.ts";
import { takeWeights } from "../system/learned-transform.ts";
import { enteringLinks, gathered } from "../system/links.ts";
import { measure } from "./measure.ts";
import { movedOf } from "../moved.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { RunChain } from "./run-chain.ts";
import { shardedTraining } from "./sharded-training.ts";
import { Ranks } from "../ranks/ranks.ts";
import { Shards } from "../ranks/shards.ts";
import { isOffline } from "../sections/offline.ts";
import type { Registry } from "../parts/registry.ts";
import { samplerTraining } from "./sampler-training.ts";
import { optionsOf } from "../schema.ts";
import type { SamplerSection } from "../sections/sections.ts";
import type { GuideParts, System } from "../system-types.ts";
import type { TrajectoryResult } from "../../samplers/index.ts";
import { storedTrajectories } from "../folder/trajectories.ts";

/** Number of units of the stages. */
export interface Lengths {
  readonly thermalise: number;
  readonly train: number;
  readonly sample: number;
  readonly epochs: number;
}

/** How long each stage of a run is; epochs may end early. */
export function lengthsOf({ command, configuration: { sampler, training }, registry }: ResolvedRun): Lengths {
  if (command === "train" && isOffline(training)) return { thermalise: 0, train: 0, sample: 0, epochs: training!.epochs };
  return {
    thermalise: sampler.thermalisation,
    train: training ? training.trajectories : samplerLearns(sampler, registry),
    sample: command === "train" ? 0 : sampler.trajectories,
    epochs: 0,
  };
}

/** Trajectories in which the sampler trains itself. */
function samplerLearns(section: SamplerSection, registry: Registry): number {
  const part = registry.get("sampler", section.kind);
  return part.learns?.(optionsOf(part, section)) ?? 0;
}

/** The units after `from`; undefined within a trajectory, where the caller may stop as well: the links are then those before it. @throws PhysicsCheckError for failed checks, NaN and solvers that do not converge. */
export function* stages(run: ResolvedRun, system: System, from: Progress, events: StageEvents, shards?: Shards): Generator<Unit | undefined, Progress, void> {
  const { thermalise, train, sample, epochs } = lengthsOf(run);
  let progress = from;
  if (from.theta) system.learned?.use(from.theta);
  if (epochs > 0) return yield* offline(run, system, from, events, shards);
  if (shards) return yield* shardedTraining(run, system, shards, from, { thermalise, train }, events.onNote);
  // the prior run of a training has the target's own force; without training the guide leads from the first trajectory on
  const prior = train > 0 ? undefined : system.guide?.at();
  if (progress.position < thermalise) progress = yield* trajectories(run, system, "thermalise", progress, thermalise, events, prior);
  if (progress.position < thermalise + train) progress = yield* (system.guide || system.learned ? online : samplerTraining)(run, system, progress, thermalise + train, events);
  if (progress.position < thermalise + train + sample) progress = yield* trajectories(run, system, "sample", progress, thermalise + train + sample, events, system.guide?.at(progress.theta));
  return progress;
}

function* trajectories(run: ResolvedRun, system: System, phase: "thermalise" | "sample", from: Progress, end: number, events: StageEvents, guide?: GuideParts): Generator<Unit | undefined, Progress, void> {
  const { configuration: c } = run;
  const sampler = new RunChain(run, system, phase, from.position, { ...events, guide, memory: from.memory, ...(guide ? {} : { weights: from.theta }) });
  const theta = from.theta ? { theta: from.theta } : {};
  while (sampler.trajectory < end) {
    const { trajectory } = yield* sampler.steps(movedOf(system));
    const records = sampler.take();
    if (phase === "sample" && (trajectory + 1) % c.measurement.every === 0) {
      const measured = checking(`measurement after trajectory ${trajectory}`, () => measure(run, system, trajectory, guide));
      records.push({ ...measured, values: { ...measured.values, ...sampler.values } });
    }
    const { memory } = sampler;
    yield { phase, records, progress: () => ({ position: trajectory + 1, ...theta, ...(memory ? { memory } : {}) }) };
  }
  const { memory } = sampler;
  return { position: end, ...theta, ...(memory ? { memory } : {}) };
}

function* online(run: ResolvedRun, system: System, from: Progress, end: number, events: StageEvents): Generator<Unit | undefined, Progress, void> {
  const { configuration: c } = run;
  const t = c.training!;
  const sampler = new RunChain(run, system, "train", from.position, { ...events, memory: from.memory });
  const carried = (): Pick<Progress, "memory"> => (sampler.memory ? { memory: sampler.memory } : {});
  const { batch = 1 } = t;
  const { learned } = system;
  const training = onlineTraining({
    ...learning(t, run.registry, learned?.effective ?? system.guide!.effective!, t.trajectories, from.training),
    sampler,
    target: learned?.smoother ?? system.target,
    U: system.U,
    trajectories: t.trajectories,
    ...(batch > 1 || t.replay !== undefined ? { replay: { capacity: t.replay ?? batch, batch, seed: c.sampler.seed } } : {}),
  });
  const unit = (s: OnlineStep<number, unknown, TrajectoryResult>): Unit => ({
    phase: "train",
    records: [
      ...sampler.take(),
      { kind: "training", step: s.step, trajectory: s.result.trajectory, value: s.value, squared: s.squared, ...(s.centred === undefined ? {} : { centred: s.centred }), offset: s.offset, gradientNorm: s.gradientNorm, rate: s.rate, parameters: [...s.action.parameters] },
    ],
    progress: () => ({ position: s.result.trajectory + 1, theta: s.action.parameters, training: s.state(liveSample), ...carried() }),
  });
  const last = yield* guarded(training, (s) => {
    if (learned) checking("training", () => takeWeights(learned, system.U, s.action.parameters));
    return unit(s);
  });
  const progress = { position: end, theta: last.parameters, ...carried() };
  // trajectories after the last step of a loss that learns from accepted ones only
  const rest = sampler.take();
  if (rest.length > 0) yield { phase: "train", records: rest, progress: () => progress };
  return progress;
}

function* offline(run: ResolvedRun, system: System, from: Progress, { onNote }: StageEvents, shards: Shards | undefined): Generator<Unit | undefined, Progress, void> {
  const { configuration: c } = run;
  const t = c.training!;
  const samples = storedSamples(run, system, lossOf(t, run.registry), onNote, shards);
  const learnt = samples.length - Math.round(t.heldOut * samples.length);
  const training = trainOffline({
    ...learning(t, run.registry, system.guide!.effective!, t.epochs * Math.ceil(learnt / (t.batch ?? learnt)), from.training, shards?.share),
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

/** What a run has kept, or stored configurations with pseudofermions drawn for each of them; in shards a configuration is read on one rank, and others have a mark of it. */
function storedSamples({ configuration: c, base }: ResolvedRun, system: System, loss: Loss, onNote: StageEvents["onNote"], dealt: Shards | undefined): TrainingSample[] {
  const { target, lattice, group, guide, reading } = system;
  const { run, samples: count } = c.training!;
  const shards = dealt ?? new Shards(1, new Ranks());
  if (run !== undefined) {
    const folder = resolve(base, run);
    expectSameTarget("training.run", readConfiguration(folder), c);
    const found: TrainingSample[] = [];
    for (const sample of storedTrajectories(folder, { target, lattice, group, fields: guide!.effective!.fields, force: loss.needs.force, formats: reading.formats })) {
      // one trajectory begins where another ended: all ranks read all of them
      found.push(shards.owns(found.length % shards.count) ? shards.keep(sample) : sample);
      if (found.length === count) break;
    }
    if (found.length < (count ?? 1)) throw new ConfigurationError(`training.run: got ${found.length} accepted trajectories in ${run}, expected at least ${count ?? 1}: go on with that run`);
    return found;
  }
  const random = randomStream(c.sampler.seed, c.sampler.stream);
  const files = c.training!.configurations!;
  const read = (k: number): { readonly sample: TrainingSample; readonly notes: readonly { file: string; text: string }[] } => {
    const { U, notes } = enteringLinks(resolve(base, files[k]!), lattice, group, { ...reading, order: c.training!.order, dataset: c.training!.dataset });
    target.refresh?.(U, k, random);
    return { sample: takeSample(U, target, guide!.effective!.fields, { force: loss.needs.force }), notes: notes.map((text) => ({ file: files[k]!, text })) };
  };
  const place = { U: system.U, ...(loss.needs.force ? { force: new DirectionalField(lattice, group.N, "algebra") as AlgebraField } : {}) };
  const { samples, notes } = shards.deal(files.length, read, place);
  gathered(notes).forEach(onNote);
  return samples;
}
