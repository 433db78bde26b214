/**
 * Exact averages from the independent samples of a model: independence Metropolis, which accepts x' with min(1, w(x')/w(x)), reweighting, effective sample size and ln Z.
 */
import { type Estimate, acceptanceError, gammaMethod, guard, is } from "../../util/index.ts";

/** What log weights say about a model. */
export interface WeightSummary {
  readonly samples: number;
  /** (sum w)^2/(n sum w^2), from samples of the model: blind to modes that it misses. */
  readonly ess: number;
  /** Standard deviation of log w. */
  readonly sd: number;
  /** log of the mean weight, with its error from the spread of the weights; biased down where the effective sample size is small. */
  readonly logZ: { readonly value: number; readonly error: number };
  /** Mean log w, a lower bound of ln Z. */
  readonly bound: number;
}

/** @throws ConfigurationError for fewer than 2 weights. */
export function weightSummary(logWeights: ArrayLike<number>): WeightSummary {
  guard("weightSummary", { logWeights: [logWeights, is.listOf(is.finite, 2)] });
  const list = Array.from(logWeights);
  const n = list.length;
  const top = Math.max(...list);
  const w = list.map((x) => Math.exp(x - top));
  const [sum, squares] = [w.reduce((a, b) => a + b, 0), w.reduce((a, b) => a + b * b, 0)];
  const mean = list.reduce((a, b) => a + b, 0) / n;
  const ess = (sum * sum) / (n * squares);
  return {
    samples: n, ess, bound: mean,
    sd: Math.sqrt(list.reduce((s, x) => s + (x - mean) ** 2, 0) / (n - 1)),
    logZ: { value: top + Math.log(sum / n), error: Math.sqrt(Math.max(0, 1 / ess - 1) / n) },
  };
}

/** State of an independence chain. */
export interface IndependenceState {
  /** Number of the sample that the chain is at. */
  readonly index: number;
  readonly logWeight: number;
  readonly values: Readonly<Record<string, number>>;
  /** Rejections since it came there. */
  readonly stay: number;
}

/** One step: the proposal, a uniform random number, and what comes of it. */
export function independenceStep(state: IndependenceState | undefined, proposal: Omit<IndependenceState, "stay">, uniform: number): { readonly state: IndependenceState; readonly accepted: boolean } {
  guard("independenceStep", { state: [state, is.optional(is.withFields("the state of a chain", "logWeight"))], proposal: [proposal, is.withFields("a proposal", "logWeight")], uniform: [uniform, is.positive] });
  const accepted = state === undefined || Math.log(uniform) < proposal.logWeight - state.logWeight;
  return { accepted, state: accepted ? { ...proposal, stay: 0 } : { ...state!, stay: state!.stay + 1 } };
}

/** Averages of an independence chain: every value with the error of the Gamma method, the acceptance, and the longest run of rejections. */
export interface IndependenceSummary {
  readonly values: Readonly<Record<string, Estimate>>;
  readonly acceptance: { readonly mean: number; readonly error: number };
  readonly longestRejection: number;
}

/** Of the steps of a chain in their order. @throws ConfigurationError for fewer than 4 steps. */
export function independenceSummary(steps: readonly { readonly accepted: boolean; readonly values: Readonly<Record<string, number>> }[]): IndependenceSummary {
  guard("independenceSummary", { steps: [steps, is.listOf(is.object, 4)] });
  const names = Object.keys(steps[0]!.values);
  const accepted = gammaMethod(steps.map((s) => Number(s.accepted)));
  let [longest, run] = [0, 0];
  for (const s of steps) longest = Math.max(longest, (run = s.accepted ? 0 : run + 1));
  return {
    values: Object.fromEntries(names.map((name) => [name, gammaMethod(steps.map((s) => s.values[name]!))])),
    acceptance: { mean: accepted.mean, error: acceptanceError(accepted.mean, accepted.n, accepted.tauInt) },
    longestRejection: longest,
  };
}
