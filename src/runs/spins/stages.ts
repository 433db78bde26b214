/**
 * What `gaugegrad spins train` and `sample` compute, as units between which they can be saved: exact samples, steps of training, sweeps that settle,
 * Monte Carlo steps. The state is plain data; random numbers are functions of the step, so a resumed computation ends with the same bits.
 */
import type { Lattice } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import {
  type DoubleExchange, LinearModel, type SpinChain, type SpinSample, type SpinTraining, SpinTransformer, type SpinWeight, acceptanceEstimates, deepened, doubleExchange, exactSamples, fitLinear,
  localMetropolis, magnetisation, meanSquare, randomSpins, selfLearning, spinTransformer, staggeredMagnetisation, startTraining, trainStep, trainWhileSampling, withLinearCouplings,
} from "../../spins/index.ts";
import { type Optimiser, type OptimiserState, adamW, gaussNewton } from "../../training/index.ts";
import type { StateUnit } from "../production/units.ts";
import { readModelOn, readSpins } from "./files.ts";
import { type StoredSamples, restored, samplesOf, stored } from "./samples.ts";
import type { SpinRun } from "./schema.ts";

/** Sweeps of local Metropolis before every chain. */
const SETTLING = 30;

/** A line of metrics.jsonl. */
export type Line = Readonly<Record<string, number | string | boolean>> & { readonly kind: string };

/** Where a computation stands. */
export interface SpinState {
  /** Exact configurations for training and test. */
  readonly samples?: StoredSamples;
  /** The model that is trained: number of its blocks, weights, optimiser, steps with these blocks. */
  readonly training?: { readonly layers: number; readonly theta: Float64Array; readonly state: OptimiserState; readonly step: number };
  /** Training while sampling: the chain and its memory. */
  readonly online?: { readonly step: number; readonly spins: Float64Array; readonly memory: StoredSamples };
  /** Spins of the chain after `step` steps, those of thermalisation included. */
  readonly chain?: { readonly step: number; readonly spins: Float64Array };
}

/** One unit. */
export type SpinUnit = StateUnit<Line, SpinState>;

export type SpinCommand = "train" | "sample";

/** Numbers of a trained model. */
export interface TrainingSummary {
  readonly parameters: number;
  readonly trainMse: number;
  readonly testMse: number;
  readonly acceptanceEstimate: number;
  readonly acceptanceEstimateGaussian: number;
}

/** True when the model of a computation is trained by it. */
export function trains(command: SpinCommand, { effective }: SpinRun): boolean {
  return command === "train" || (effective.kind !== "exact" && effective.file === undefined);
}


/** A training or a chain on one lattice. */
export class SpinStages {
  readonly #lattice: Lattice;
  readonly #run: SpinRun;
  readonly #command: SpinCommand;
  readonly #target: DoubleExchange;
  readonly #optimiser: Optimiser;
  /** What gets further blocks. */
  readonly #given: SpinTransformer | undefined;

  /** @throws ConfigurationError when there is nothing to train, FileFormatError for a model file that cannot be read. */
  constructor(lattice: Lattice, command: SpinCommand, run: SpinRun) {
    const { model, training, effective } = run;
    if (command === "train" && effective.kind === "exact") throw new ConfigurationError('effective.kind: got "exact", which has nothing to train, expected "linear" or "attention"');
    this.#lattice = lattice;
    this.#command = command;
    this.#run = run;
    this.#given = command === "train" && effective.file !== undefined ? givenBlocks(lattice, run, effective.file) : undefined;
    this.#target = doubleExchange(lattice, { J: model.J, T: model.T, mu: model.mu });
    this.#optimiser = training.optimiser === "adamW" ? adamW({ rate: training.rate, weightDecay: training.weightDecay }) : gaussNewton({ damping: 1e-2 });
  }

  /** Number of units. */
  get total(): number {
    const { effective, training, sampler } = this.#run;
    const steps = effective.kind !== "attention" ? 0 : training.method === "online" ? training.steps : (effective.layers - (this.#given?.options.layers ?? 0)) * training.steps;
    return (trains(this.#command, this.#run) ? 1 + steps : 0) + (this.#command === "sample" ? 1 + sampler.thermalise + sampler.steps : 0);
  }

  /** The units that are left after a state. */
  *units(from: SpinState = {}): Generator<SpinUnit, void, void> {
    const past = from.chain !== undefined;
    let state = from;
    if (trains(this.#command, this.#run) && !past) {
      if (!state.samples) {
        const { training: t, sampler } = this.#run;
        const count = t.samples + t.test;
        const { samples, lines } = t.run === undefined ? drawn(this.#target, count, sampler.seed) : { samples: samplesOf(t.run, this.#run, count), lines: [] };
        state = { samples };
        yield unit(state, lines);
      }
      if (this.#run.effective.kind === "attention") state = yield* this.#run.training.method === "online" ? this.#online(state) : this.#offline(state);
    }
    if (this.#command === "sample") yield* this.#sampled(state);
  }

  /** The effective model that a state holds, or that training started from. */
  modelAt({ samples, training }: SpinState): LinearModel | SpinTransformer {
    const { effective, model } = this.#run;
    const { used } = this.#split(samples!);
    if (effective.kind === "linear") return fitLinear(this.#lattice, model.T, effective.shells, used).model;
    return training ? this.#blocks(training.layers).with(training.theta) : (this.#given ?? withLinearCouplings(this.#blocks(0), used));
  }

  /** How well the model of a state describes the samples. */
  summary(state: SpinState): TrainingSummary {
    const { effective } = this.#run;
    const model = this.modelAt(state);
    const { used, test } = this.#split(state.samples!);
    const testMse = meanSquare(model, test);
    const { published, gaussian } = acceptanceEstimates(testMse);
    return { parameters: model instanceof LinearModel ? effective.shells + 1 : model.size, trainMse: meanSquare(model, used), testMse, acceptanceEstimate: published, acceptanceEstimateGaussian: gaussian };
  }

  /** The first samples are only looked at. */
  #split(samples: StoredSamples): { readonly used: readonly SpinSample[]; readonly test: readonly SpinSample[] } {
    const { training } = this.#run;
    const all = restored(samples);
    const used = all.slice(training.test);
    return { used, test: training.test > 0 ? all.slice(0, training.test) : used };
  }

  #blocks(layers: number): SpinTransformer {
    const { shells, reach, gram } = this.#run.effective;
    return spinTransformer(this.#lattice, { T: this.#run.model.T, shells, reach, layers, gram });
  }

  /** Block by block: each starts from the model before, then all weights are trained together. */
  *#offline(from: SpinState): Generator<SpinUnit, SpinState, void> {
    const { effective, training: t, sampler } = this.#run;
    const { used, test } = this.#split(from.samples!);
    const options = this.#options();
    const last = from.training;
    let state = from;
    let model = this.modelAt(from) as SpinTransformer;
    for (let layers = last?.layers ?? model.options.layers + 1; layers <= effective.layers; layers++) {
      let at: SpinTraining = last?.layers === layers ? { model, state: last.state, step: last.step } : startTraining(deepened(model, this.#blocks(layers), { seed: sampler.seed + layers, width: t.width }), options);
      while (at.step < t.steps) {
        at = trainStep(at, used, options);
        state = { samples: from.samples!, training: { layers, theta: at.model.theta, state: at.state, step: at.step } };
        yield unit(state, [{ kind: "training", layers, step: at.step, testMse: meanSquare(at.model, test) }]);
      }
      model = at.model;
    }
    return state;
  }

  *#online(from: SpinState): Generator<SpinUnit, SpinState, void> {
    const { effective, training: t, sampler } = this.#run;
    const { used } = this.#split(from.samples!);
    const { online, training } = from;
    const fresh = deepened(withLinearCouplings(this.#blocks(0), used), this.#blocks(effective.layers), { seed: sampler.seed, width: t.width });
    const resumed = online && training ? { step: online.step, samples: restored(online.memory), training: { model: fresh.with(training.theta), state: training.state, step: training.step } } : undefined;
    const chain = trainWhileSampling(online?.spins ?? used[used.length - 1]!.spins, { target: this.#target, effective: fresh, memory: t.samples, ...this.#options(), ...this.#updates(), ...(resumed ? { from: resumed } : {}) });
    let state = from;
    for (let k = online?.step ?? 0; k < t.steps; k++) {
      const s = chain.step();
      const { model, state: optimiser, step } = s.training;
      state = {
        samples: from.samples!,
        training: { layers: effective.layers, theta: model.theta, state: optimiser, step },
        online: { step: s.step + 1, spins: s.spins, memory: stored(chain.samples) },
      };
      yield unit(state, [{ kind: "online", step: s.step + 1, accepted: s.accepted, probability: s.probability, logWeight: s.logWeight }]);
    }
    return state;
  }

  *#sampled(from: SpinState): Generator<SpinUnit, void, void> {
    const { sampler } = this.#run;
    const { samples, training } = from;
    const kept = { ...(samples ? { samples } : {}), ...(training ? { training } : {}) };
    let spins = from.chain?.spins;
    if (!spins) {
      spins = this.#settled();
      yield unit({ ...kept, chain: { step: 0, spins } });
    }
    const chain = this.#chain(from, spins, from.chain?.step ?? 0);
    for (let k = from.chain?.step ?? 0; k < sampler.thermalise + sampler.steps; k++) {
      const s = chain.step();
      const line = { kind: "step", step: s.step, accepted: s.accepted, ...this.#measured(s.probability, s.logWeight, s.spins) };
      yield unit({ ...kept, chain: { step: s.step + 1, spins: s.spins } }, k < sampler.thermalise ? [] : [line]);
    }
  }

  /** The effective weight is good near typical configurations only. */
  #settled(): Float64Array {
    const { seed, start } = this.#run.sampler;
    if (start !== undefined) return readSpins(start, this.#lattice);
    const chain = localMetropolis(this.#target, randomSpins(this.#lattice, { seed }).toArray(), { seed: seed + 1 });
    for (let k = 0; k < SETTLING; k++) chain.step();
    return Float64Array.from(chain.spins);
  }

  #chain(from: SpinState, spins: Float64Array, first: number): SpinChain {
    const { effective, sampler } = this.#run;
    const options = { seed: sampler.seed, first, ...this.#updates() };
    if (effective.kind === "exact") return localMetropolis(this.#target, spins, options);
    const weight: SpinWeight = effective.file === undefined ? this.modelAt(from) : readModelOn(this.#lattice, this.#run, effective.file);
    return selfLearning(spins, { target: this.#target, effective: weight, ...options });
  }

  #measured(acceptance: number, logWeight: number, spins: Float64Array): Record<string, number> {
    const { bipartite } = this.#lattice;
    return { acceptance, logWeight, magnetisation: magnetisation(this.#lattice, spins), ...(bipartite ? { staggeredMagnetisation: staggeredMagnetisation(this.#lattice, spins) } : {}) };
  }

  #options(): { optimiser: Optimiser; seed: number; batch?: number } {
    const { training, sampler } = this.#run;
    return { optimiser: this.#optimiser, seed: sampler.seed, ...(training.batch === undefined ? {} : { batch: training.batch }) };
  }

  #updates(): { updates?: number } {
    const { updates } = this.#run.sampler;
    return updates === undefined ? {} : { updates };
  }
}

/** Exact samples, and how they were found. */
function drawn(target: DoubleExchange, count: number, seed: number): { readonly samples: StoredSamples; readonly lines: readonly Line[] } {
  const { samples, acceptance } = exactSamples(target, { count, seed });
  return { samples: stored(samples), lines: [{ kind: "samples", count, acceptance }] };
}

/** The model of a file to which blocks are added. @throws ConfigurationError for one that is not smaller, or of another shape. */
function givenBlocks(lattice: Lattice, run: SpinRun, file: string): SpinTransformer {
  const model = readModelOn(lattice, run, file);
  const { shells, reach, gram, layers } = run.effective;
  if (run.training.method === "online") throw new ConfigurationError("effective.file: got a model for an online training, expected method offline: blocks are added one by one");
  if (!(model instanceof SpinTransformer) || model.options.shells !== shells || model.options.reach !== reach || model.options.gram !== gram) throw new ConfigurationError(`effective.file: got ${model.name} of other shells, reach or gram, expected attention with ${shells}, ${reach} and ${gram}`);
  if (model.options.layers >= layers) throw new ConfigurationError(`effective.layers: got ${layers} for a model that has ${model.options.layers}, expected more`);
  return model;
}

const unit = (state: SpinState, lines: readonly Line[] = []): SpinUnit => ({ lines, state: () => state });
