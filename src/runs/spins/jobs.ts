/** What `gaugegrad spins train` and `sample` compute. */
import type { Lattice } from "../../autograd/index.ts";
import {
  type DoubleExchange, LinearModel, type SpinTransformer, type SpinWeight, acceptanceEstimates, deepened, doubleExchange, exactSamples, fitLinear, localMetropolis, magnetisation,
  meanSquare, randomSpins, selfLearning, spinTransformer, staggeredMagnetisation, startTraining, trainStep, trainWhileSampling, withLinearCouplings,
} from "../../spins/index.ts";
import { adamW, gaussNewton } from "../../training/index.ts";
import { type Estimate, gammaMethod } from "../../util/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { readModelOn } from "./files.ts";
import type { SpinRun } from "./schema.ts";

/** Sweeps of local Metropolis before every chain. */
const SETTLING = 30;

export type Line = Readonly<Record<string, number | string | boolean>>;

export interface Trained {
  readonly model: LinearModel | SpinTransformer;
  readonly lines: readonly Line[];
  readonly summary: { readonly parameters: number; readonly trainMse: number; readonly testMse: number; readonly acceptanceEstimate: number; readonly acceptanceEstimateGaussian: number };
}

export function targetOf(lattice: Lattice, { model }: SpinRun): DoubleExchange {
  return doubleExchange(lattice, { J: model.J, T: model.T, mu: model.mu });
}

/** Trains the effective model; `report` is told of every step. */
export function train(lattice: Lattice, run: SpinRun, report: (line: Line) => void): Trained {
  const target = targetOf(lattice, run);
  const { effective, training, sampler, model } = run;
  if (effective.kind === "exact") throw new ConfigurationError('effective.kind: got "exact", which has nothing to train, expected "linear" or "attention"');
  const { samples } = exactSamples(target, { count: training.samples + training.test, seed: sampler.seed });
  const [used, test] = [samples.slice(0, training.samples), samples.slice(training.samples)];
  const lines: Line[] = [];
  const line = (l: Line): void => {
    lines.push(l);
    report(l);
  };
  const summary = (m: LinearModel | SpinTransformer, parameters: number): Trained => {
    const testMse = meanSquare(m, test);
    const { published, gaussian } = acceptanceEstimates(testMse);
    return { model: m, lines, summary: { parameters, trainMse: meanSquare(m, used), testMse, acceptanceEstimate: published, acceptanceEstimateGaussian: gaussian } };
  };
  if (effective.kind === "linear") return summary(fitLinear(lattice, model.T, effective.shells, used).model, effective.shells + 1);
  const { shells, reach, layers, gram } = effective;
  const blocks = (n: number): SpinTransformer => spinTransformer(lattice, { T: model.T, shells, reach, layers: n, gram });
  const fresh = { seed: sampler.seed, width: training.width };
  const linear = withLinearCouplings(blocks(0), used);
  const optimiser = training.optimiser === "adamW" ? adamW({ rate: training.rate, weightDecay: training.weightDecay }) : gaussNewton({ damping: 1e-2 });
  const options = { optimiser, seed: sampler.seed, ...(training.batch === undefined ? {} : { batch: training.batch }) };
  let m = linear;
  if (training.method === "offline") {
    // block by block: each starts from the model before, then all weights are trained together
    for (let n = 1; n <= layers; n++) {
      let t = startTraining(deepened(m, blocks(n), fresh), options);
      for (let k = 0; k < training.steps; k++) {
        t = trainStep(t, used, options);
        line({ kind: "training", layers: n, step: t.step, testMse: meanSquare(t.model, test) });
      }
      m = t.model;
    }
  } else {
    const updates = sampler.updates === undefined ? {} : { updates: sampler.updates };
    const online = trainWhileSampling(used[used.length - 1]!.spins, { target, effective: deepened(linear, blocks(layers), fresh), memory: training.samples, ...options, ...updates });
    for (let k = 0; k < training.steps; k++) {
      const s = online.step();
      m = s.training.model;
      line({ kind: "online", step: s.step + 1, accepted: s.accepted, probability: s.probability, logWeight: s.logWeight });
    }
  }
  return summary(m, m.size);
}

export interface Sampled {
  readonly lines: readonly Line[];
  readonly spins: Float64Array;
  readonly summary: Readonly<Record<string, Estimate>>;
}

/** Monte Carlo with the exact weight, or self-learning Monte Carlo with a trained model (trained now when no file names one). */
export function sample(lattice: Lattice, run: SpinRun, report: (line: Line) => void): Sampled {
  const target = targetOf(lattice, run);
  const { effective, sampler } = run;
  // the effective weight is good near typical configurations only
  const settled = localMetropolis(target, randomSpins(lattice, { seed: sampler.seed }).toArray(), { seed: sampler.seed + 1 });
  for (let k = 0; k < SETTLING; k++) settled.step();
  const options = { seed: sampler.seed, ...(sampler.updates === undefined ? {} : { updates: sampler.updates }) };
  const weight: SpinWeight = effective.kind === "exact" ? target : effective.file === undefined ? train(lattice, run, report).model : readModelOn(lattice, run, effective.file);
  const chain = effective.kind === "exact" ? localMetropolis(target, settled.spins, options) : selfLearning(settled.spins, { target, effective: weight, ...options });
  for (let k = 0; k < sampler.thermalise; k++) chain.step();
  const series: Record<string, number[]> = { acceptance: [], logWeight: [], magnetisation: [], ...(lattice.bipartite && { staggeredMagnetisation: [] }) };
  const lines = Array.from({ length: sampler.steps }, () => {
    const s = chain.step();
    const values: Record<string, number> = { acceptance: s.probability, logWeight: s.logWeight, magnetisation: magnetisation(lattice, s.spins) };
    if (lattice.bipartite) values["staggeredMagnetisation"] = staggeredMagnetisation(lattice, s.spins);
    for (const [name, x] of Object.entries(values)) series[name]!.push(x);
    const line: Line = { kind: "step", step: s.step, accepted: s.accepted, ...values };
    report(line);
    return line;
  });
  const summary = Object.fromEntries(Object.entries(series).map(([name, list]) => [name, gammaMethod(list)]));
  return { lines, spins: chain.spins, summary };
}

