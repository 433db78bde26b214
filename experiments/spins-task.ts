/** What the three pages on spins share: models trained block by block, and measured chains. */
import { gaussNewton } from "gaugegrad/training";
import {
  type DoubleExchange, type SpinChain, type SpinSample, type SpinTransformer, type SpinWeight, deepened, magnetisation, meanSquare, selfLearning, spinTransformer, staggeredMagnetisation, startTraining, trainSteps,
  withLinearCouplings,
} from "gaugegrad/spins";
import { gammaMethod } from "gaugegrad/util";

export interface Architecture {
  readonly shells: number;
  readonly reach: number;
  readonly layers: number;
}

export interface Trained {
  readonly model: SpinTransformer;
  readonly train: number;
  readonly test: number;
}

/**
 * Transformers of 0 to `layers` blocks: each starts from the one before with a new block of small value weights, all weights are then
 * trained together by Levenberg-Marquardt.
 */
export function* trainedLayers(target: DoubleExchange, architecture: Architecture, samples: readonly SpinSample[], test: readonly SpinSample[], options: { readonly steps: number; readonly seed: number }): Generator<Trained> {
  const { lattice, T } = target;
  const { shells, reach, layers } = architecture;
  const optimiser = gaussNewton({ damping: 1e-2 });
  let model = withLinearCouplings(spinTransformer(lattice, { T, shells, reach, layers: 0 }), samples);
  yield { model, train: meanSquare(model, samples), test: meanSquare(model, test) };
  for (let n = 1; n <= layers; n++) {
    const start = deepened(model, spinTransformer(lattice, { T, shells, reach, layers: n }), { seed: options.seed + n, width: 0.1 });
    model = trainSteps(startTraining(start, { optimiser }), samples, { optimiser }, options.steps).model;
    yield { model, train: meanSquare(model, samples), test: meanSquare(model, test) };
  }
}

export type Value = readonly [mean: number, error: number, tauInt: number];

export interface Measured {
  readonly acceptance: Value;
  readonly logWeight: Value;
  readonly magnetisation: Value;
  readonly staggered: Value;
}

/** Runs a chain and averages; `acceptance` is that of its own steps. */
export function measureChain(chain: SpinChain, target: DoubleExchange, { thermalise, steps }: { readonly thermalise: number; readonly steps: number }): Measured {
  for (let k = 0; k < thermalise; k++) chain.step();
  const series: number[][] = [[], [], [], []];
  for (let k = 0; k < steps; k++) {
    const s = chain.step();
    [s.probability, s.logWeight, magnetisation(target.lattice, s.spins), staggeredMagnetisation(target.lattice, s.spins)].forEach((x, i) => series[i]!.push(x));
  }
  const [acceptance, logWeight, m, staggered] = series.map((x): Value => {
    const { mean, error, tauInt } = gammaMethod(x);
    return [mean, error, tauInt];
  }) as [Value, Value, Value, Value];
  return { acceptance, logWeight, magnetisation: m, staggered };
}

/** Self-learning chain from a configuration of the exact distribution. */
export function measureSelfLearning(target: DoubleExchange, effective: SpinWeight, start: Float64Array, options: { readonly steps: number; readonly sweeps: number; readonly seed: number }): Measured {
  const chain = selfLearning(start, { target, effective, updates: options.sweeps * target.lattice.volume, seed: options.seed });
  return measureChain(chain, target, { thermalise: Math.ceil(options.steps / 20), steps: options.steps });
}
