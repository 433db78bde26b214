/** Thermalisation and training with several chains of the prior HMC, dealt to ranks: a round is one trajectory of every chain and one optimiser step on all of them. */
import { type AlgebraField, DirectionalField } from "../../autograd/index.ts";
import { PhysicsCheckError } from "../../errors.ts";
import { Learner, type TrainingSample, drawBatch, restoreSample, storeSample } from "../../training/index.ts";
import { checking } from "./checked-sampler.ts";
import { learning, lossOf } from "../system/learning.ts";
import type { Progress, Unit } from "./progress.ts";
import type { MetricsRecord, ShardsState } from "../records.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { RunChain } from "./run-chain.ts";
import { type SampleMark, type Shards } from "../ranks/shards.ts";
import { shardStart } from "../system/system.ts";
import type { System } from "../system-types.ts";

/** One chain on the rank that makes it. */
interface Shard {
  readonly U: System["U"];
  chain: RunChain;
  buffer: readonly TrainingSample[];
}

/** What a round gives to all ranks. */
interface Round {
  readonly records: MetricsRecord[];
  readonly accepted: number;
  /** The samples to learn from, in the order of the chains. */
  readonly batch: readonly TrainingSample[];
}

/** What a chain did in a round, as all ranks know it. */
interface Told {
  readonly records: readonly MetricsRecord[];
  readonly notes: readonly string[];
  /** Its samples of the batch. */
  readonly marks: readonly SampleMark[];
}

/** Chains of a run with what they learn together. */
class ShardedRun {
  readonly #run: ResolvedRun;
  readonly #system: System;
  readonly #shards: Shards;
  readonly #own = new Map<number, Shard>();
  readonly #onNote: (text: string) => void;
  /** Fields in the place of those of other ranks. */
  readonly #place: Pick<TrainingSample, "U" | "force">;
  #notes: string[] = [];
  #current = 0;

  constructor(run: ResolvedRun, system: System, shards: Shards, from: Progress, onNote: (text: string) => void) {
    this.#run = run;
    this.#system = system;
    this.#shards = shards;
    this.#onNote = onNote;
    const { force } = lossOf(run.configuration.training!, run.registry).needs;
    this.#place = { U: system.U, ...(force ? { force: new DirectionalField(system.lattice, system.group.N, "algebra") as AlgebraField } : {}) };
    const found = from.shards?.();
    for (const s of shards.own) {
      const U = s === 0 ? system.U : shardStart(run, system, s, found?.links[s - 1]);
      this.#own.set(s, { U, chain: this.#chain("thermalise", s, from.position), buffer: [] });
    }
  }

  #chain(phase: "thermalise" | "train", shard: number, position: number): RunChain {
    return new RunChain(this.#run, this.#system, phase, position, { onFailedSolve: (_, text) => this.#notes.push(`shard ${shard}: ${text}: counted as rejected`), shard });
  }

  /** Goes over to training, with the buffers of a checkpoint. */
  train(position: number, buffers: ShardsState["buffers"] | undefined): void {
    const { U, guide } = this.#system;
    for (const [s, shard] of this.#own) {
      shard.chain = this.#chain("train", s, position);
      shard.buffer = (buffers?.[s] ?? []).map((stored) => this.#shards.keep(restoreSample(stored, U, guide!.effective!.fields)));
    }
  }

  /** One trajectory of every chain; left in its middle, or with an error, all are as before it. `sample`: what is to be learnt from a trajectory. Collective. */
  *round(sample?: (shard: number, own: Shard, accepted: boolean, start: System["U"]) => readonly TrainingSample[]): Generator<undefined, Round, void> {
    const before = new Map([...this.#own].map(([s, { U, buffer }]) => [s, { U: U.clone(), buffer }]));
    const chosen = new Map<number, readonly TrainingSample[]>();
    const told = new Map<number, Told>();
    let [whole, error]: [boolean, unknown] = [false, undefined];
    try {
      for (const [s, shard] of this.#own) {
        this.#current = s;
        const { accepted } = yield* shard.chain.steps(shard.U);
        chosen.set(s, sample?.(s, shard, accepted, before.get(s)!.U) ?? []);
        told.set(s, { records: shard.chain.take().map((r) => ({ ...r, shard: s })), notes: this.#notes, marks: chosen.get(s)!.map((x) => this.#shards.mark(x)) });
        this.#notes = [];
      }
      whole = true;
    } catch (e) {
      error = e instanceof PhysicsCheckError ? Object.assign(new PhysicsCheckError(`shard ${this.#current}: ${e.message}`), { cause: e.cause }) : e;
    } finally {
      for (const [s, { U, buffer }] of before) {
        if (!whole) this.#own.get(s)!.U.copyFrom(U);
        if (!whole) this.#own.get(s)!.buffer = buffer;
        U.dispose();
      }
    }
    const all = this.#shards.gather((s) => {
      if (error !== undefined) throw error;
      return told.get(s)!;
    });
    for (const { notes } of all) notes.forEach((text) => this.#onNote(text));
    const records = all.flatMap((t) => t.records);
    return {
      records,
      accepted: records.filter((r) => r.kind === "trajectory" && r.accepted).length,
      batch: all.flatMap(({ marks }, s) => chosen.get(s) ?? marks.map((m) => this.#shards.elsewhere(m, this.#place))),
    };
  }

  /** Everything of the chains that a checkpoint holds. Collective. */
  state(buffers: boolean): ShardsState {
    const all = this.#shards.gather((s) => {
      const { U, buffer } = this.#own.get(s)!;
      return { links: s === 0 ? [] : U.fields.map((f) => f.toArray()), buffer: buffers ? buffer.map(storeSample) : [] };
    });
    return { links: all.slice(1).map((x) => x.links), buffers: all.map((x) => x.buffer) };
  }
}

/** The units of a training in shards after `from`. */
export function* shardedTraining(run: ResolvedRun, system: System, shards: Shards, from: Progress, { thermalise, train }: { readonly thermalise: number; readonly train: number }, onNote: (text: string) => void): Generator<Unit | undefined, Progress, void> {
  const { configuration: c, registry } = run;
  const t = c.training!;
  const { effective } = system.guide!;
  const { batch = 1, replay = batch } = t;
  const chains = new ShardedRun(run, system, shards, from, onNote);
  const state = (): ShardsState => chains.state(replay > 1);
  for (let position = from.position; position < thermalise; position++) {
    const { records } = yield* chains.round();
    yield { phase: "thermalise", records, progress: () => ({ position: position + 1, shards: state }) };
  }
  const { needs } = lossOf(t, registry);
  const learner = new Learner(learning(t, registry, effective!, t.trajectories, from.training, shards.share));
  const first = Math.max(from.position, thermalise);
  chains.train(first, from.shards?.().buffers);
  for (let position = first; position < thermalise + train; position++) {
    const round = position - thermalise;
    const { records, accepted, batch: samples } = yield* chains.round((s, shard, moved, start) => {
      if (needs.start && !moved) return [];
      shard.buffer = [...shard.buffer, shards.take(shard.U, system.target, effective!.fields, { force: needs.force, ...(needs.start ? { start } : {}) })].slice(-replay);
      return drawBatch(shard.buffer, { capacity: replay, batch, seed: c.sampler.seed, stream: s }, round);
    });
    learner.counters = { rounds: round + 1, accepted: learner.counters.accepted + accepted };
    if (samples.length > 0) {
      const s = checking("training", () => learner.learn(samples));
      records.push({ kind: "training", step: s.step, trajectory: position, value: s.value, squared: s.squared, ...(s.centred === undefined ? {} : { centred: s.centred }), offset: s.offset, gradientNorm: s.gradientNorm, rate: s.rate, parameters: [...learner.action().parameters] });
    }
    yield { phase: "train", records, progress: () => ({ position: position + 1, theta: learner.action().parameters, training: learner.state(), shards: state }) };
  }
  return { position: thermalise + train, theta: learner.action().parameters };
}
