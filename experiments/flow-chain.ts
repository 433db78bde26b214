/** What the pages on generative flows share: training with Adam, and an independence chain of the trained model. */
import { adam, schedules } from "gaugegrad";
import { type FlowObjective, type GenerativeModel, independenceStep, independenceSummary, weightSummary } from "gaugegrad/flows";
import { PURPOSE, randomStream } from "gaugegrad/util";

export interface Training {
  readonly iterations: number;
  readonly batch: number;
  readonly rate: number;
  readonly seed: number;
  readonly objective?: FlowObjective;
}

/** Weights after the training; the rate falls to a hundredth along a cosine. */
export function trained(model: GenerativeModel, { iterations, batch, rate, seed, objective }: Training, say: string): Float64Array {
  const optimiser = adam({ rate: schedules.cosine({ initial: rate, final: rate / 100, steps: iterations }) });
  let theta = model.start(seed);
  let memory = optimiser.start(model.size);
  for (let k = 0; k < iterations; k++) {
    const { gradient, logWeights } = model.gradient(theta, Array.from({ length: batch }, (_, b) => k * batch + b), objective);
    ({ parameters: theta, state: memory } = optimiser.step(theta, { gradient: () => gradient }, memory));
    if ((k + 1) % Math.max(1, Math.floor(iterations / 20)) === 0) console.error(`${say}: step ${k + 1} of ${iterations}, sd(log w) ${weightSummary(logWeights).sd.toFixed(3)}`);
  }
  return theta;
}

/** Samples of the model in an independence chain, with what else `values` makes of those of a step. */
export function sampledChain(model: GenerativeModel, theta: Float64Array, samples: number, seed: number, values: (own: Readonly<Record<string, number>>) => Record<string, number> = (own) => own): ReturnType<typeof weightSummary> & ReturnType<typeof independenceSummary> {
  const random = randomStream(seed);
  let chain: Parameters<typeof independenceStep>[0];
  const all = model.samples(theta, Array.from({ length: samples }, (_, k) => k));
  const steps = all.map((x, k) => {
    const next = independenceStep(chain, x, random.sequence(PURPOSE.metropolis, k).next());
    chain = next.state;
    return { accepted: next.accepted, values: values(next.state.values) };
  });
  return { ...weightSummary(all.map((x) => x.logWeight)), ...independenceSummary(steps) };
}
