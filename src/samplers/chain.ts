/** Markov chains: update, measure, and estimate with errors that know the autocorrelation. */
import { type LinkField, perSample } from "../autograd/index.ts";
import { ConfigurationError, NaNError } from "../errors.ts";
import { type Estimate, acceptanceError, gammaMethod, guard, is } from "../util/index.ts";
import { movable } from "./movable.ts";
import type { Sampler, StepResult } from "./sampler.ts";

/** Named observables: numbers of a link field, or of the fields by name that are sampled (X). On a batch the mean over its samples is what enters a series. */
export type Observables<N extends number = number, X = LinkField<N>> = { readonly [name: string]: (U: X) => number };

/** A Markov chain of links, or of fields by name: its update, its start, its length and what is measured after each update. */
export interface ChainOptions<N extends number, R extends StepResult, X = LinkField<N>> {
  readonly sampler: Sampler<N, R, X>;
  /** Updated in place. */
  readonly U: X;
  /** Number of updates after thermalisation. */
  readonly trajectories: number;
  /** Number of updates before anything is measured. */
  readonly thermalisation?: number;
  readonly measure?: Observables<N, NoInfer<X>>;
  /** Measure after every so many updates; default 1. */
  readonly every?: number;
}

const chainOptions = is.withFields("the options of a chain (sampler, U, trajectories)", "sampler", "U", "trajectories");

/** One update of a chain and what was measured after it. */
export interface ChainStep<R extends StepResult = StepResult> {
  readonly result: R;
  readonly thermalising: boolean;
  /** Absent while thermalising and between measurements. */
  readonly values?: { readonly [name: string]: number };
}

/** What a chain leaves behind: results of the updates after thermalisation, and one series an observable. */
export interface Series<R extends StepResult = StepResult> {
  readonly results: readonly R[];
  readonly values: { readonly [name: string]: readonly number[] };
}

/**
 * The updates of a chain, one at a time: between two of them the caller may save, draw, or stop.
 * @throws ConfigurationError for counts that are not integers, NaNError when an observable is not a number.
 */
export function* markovChain<N extends number, R extends StepResult, X = LinkField<N>>(options: ChainOptions<N, R, X>): Generator<ChainStep<R>, void, void> {
  guard("markovChain", { options: [options, chainOptions] });
  const { sampler, U, trajectories, thermalisation = 0, measure = {}, every = 1 } = options;
  guard("chain", { options: [options, is.keysOf("sampler", "U", "trajectories", "thermalisation", "measure", "every", "onTrajectory")], sampler: [sampler, is.withMethods("a sampler", "step")], U: [U, movable], measure: [measure, is.object] });
  for (const [name, count, least] of [["trajectories", trajectories, 0], ["thermalisation", thermalisation, 0], ["every", every, 1]] as const)
    if (!Number.isInteger(count) || count < least) throw new ConfigurationError(`chain: got ${name} = ${count}, expected an integer of at least ${least}`);
  for (let t = -thermalisation; t < trajectories; t++) {
    const result = sampler.step(U);
    if (t < 0 || (t + 1) % every !== 0) {
      yield { result, thermalising: t < 0 };
      continue;
    }
    const values: Record<string, number> = {};
    for (const [name, f] of Object.entries(measure)) {
      if (!is.callable.holds(f)) guard("chain", { [`the observable "${name}"`]: [f, is.callable] });
      const numbers = perSample(f(U));
      const x = (values[name] = numbers.length === 1 ? numbers[0]! : numbers.reduce((s, y) => s + y, 0) / numbers.length);
      if (Number.isNaN(x)) throw new NaNError(`chain: the observable "${name}" is NaN after trajectory ${result.trajectory}, expected a number`);
    }
    yield { result, thermalising: false, values };
  }
}

/** Runs a whole chain. `onTrajectory` is called after each update; returning false ends the chain early. */
export function runChain<N extends number, R extends StepResult, X = LinkField<N>>(options: ChainOptions<N, R, X> & { readonly onTrajectory?: (step: ChainStep<R>) => void | boolean }): Series<R> {
  guard("runChain", { options: [options, chainOptions] });
  const results: R[] = [];
  const values: Record<string, number[]> = Object.fromEntries(Object.keys(options.measure ?? {}).map((name) => [name, []]));
  for (const step of markovChain(options)) {
    if (!step.thermalising) results.push(step.result);
    for (const [name, x] of Object.entries(step.values ?? {})) values[name]!.push(x);
    if (options.onTrajectory?.(step) === false) break;
  }
  return { results, values };
}

/** Means of a chain, with errors that include autocorrelations; tau_int in units of measurements, 1/2 without autocorrelation. */
export interface Summary {
  readonly trajectories: number;
  readonly values: { readonly [name: string]: Estimate };
  /** Fraction of accepted updates. */
  readonly acceptance: Estimate;
  /** <exp(-dH)>, 1 when the integrator keeps volume; absent without a Metropolis step. */
  readonly expMinusDH?: Estimate;
  /** <|dH|>; absent without a Metropolis step. */
  readonly meanAbsDH?: Estimate;
}

/** Means with errors by the Gamma method (arXiv:hep-lat/0306017). tau_int in units of measurements, 1/2 without autocorrelation. @throws ConfigurationError for fewer than 4 trajectories or measurements. */
export function summarise(series: Series): Summary {
  guard("summarise", { series: [series, is.object] });
  guard("summarise", { results: [series.results, is.listOf(is.object)], values: [series.values, is.object] });
  const { results } = series;
  const batches = results.some((r) => samplesOf(r).length > 1);
  const accepted = gammaMethod(results.map((r) => overSamples(r, (s) => Number(s.accepted))));
  const moved = results.filter((r) => r.dH !== undefined);
  return {
    trajectories: results.length,
    values: Object.fromEntries(Object.entries(series.values).map(([name, x]) => [name, gammaMethod(x)])),
    acceptance: batches ? accepted : { ...accepted, error: acceptanceError(accepted.mean, accepted.n, accepted.tauInt) },
    ...(moved.length > 0 ? { expMinusDH: gammaMethod(moved.map((r) => overSamples(r, (s) => Math.exp(-s.dH!)))), meanAbsDH: gammaMethod(moved.map((r) => overSamples(r, (s) => Math.abs(s.dH!)))) } : {}),
  };
}

/** The results of the samples of a batch, or the one result. */
const samplesOf = (r: StepResult & { readonly samples?: readonly StepResult[] }): readonly StepResult[] => r.samples ?? [r];

/** Mean over the samples of a batch. */
function overSamples(r: StepResult, f: (one: StepResult) => number): number {
  const all = samplesOf(r);
  return all.length === 1 ? f(all[0]!) : all.reduce((s, one) => s + f(one), 0) / all.length;
}
