/**
 * Losses of self-learning HMC, with d = S_theta[U, phi] - S[U, phi] (S the target):
 *   squared         1/2 d^2                       (arXiv:2103.11965)
 *   centred         1/2 (d - E_0)^2               half the variance of d: a constant in S_theta has no force
 *   force matching  sum_links |F_theta - F|^2
 *   acceptance      1/2 (d_end - d_start)^2       along a trajectory at fixed phi
 * If the integrator conserves the energy of S_theta, then dH of the target is -(d_end - d_start), and the acceptance is
 * erfc(sd / (2 sqrt 2)) with its standard deviation: only the fluctuation of d matters. Batches are averaged.
 */
import { ConfigurationError } from "../errors.ts";
import { erfc, mean, guard, is } from "../util/index.ts";
import type { ParametricAction } from "./effective-action.ts";
import type { Residuals } from "./optimisers.ts";
import type { TrainingSample } from "./samples.ts";

/** E_0 of single configurations: a running mean of d, with its derivative with respect to theta. Plain data. */
export interface Offset {
  readonly value: number;
  readonly slope: Float64Array;
  /** Batches seen. */
  readonly seen: number;
}

/** A loss of a batch at one theta. */
export interface LossEvaluation {
  readonly value: number;
  /** With respect to theta and the loss's own parameters. */
  readonly gradient: Float64Array;
  /** Where the value is half a mean of squares. */
  readonly residuals?: Residuals;
  /** d of every sample (its final configuration) and its derivative with respect to theta. */
  readonly differences: Float64Array;
  readonly slopes: readonly Float64Array[];
  /** d_end - d_start of every sample, where the loss needs them. */
  readonly changes?: Float64Array;
}

/** An objective of training. */
export interface Loss {
  readonly name: string;
  /** What samples must hold. */
  readonly needs: { readonly force: boolean; readonly start: boolean };
  /** Parameters of the loss itself that are trained after those of the action. */
  readonly own: readonly { readonly name: string; readonly initial: number }[];
  /** @throws ConfigurationError for an empty batch, or samples without what the loss needs. */
  evaluate<N extends number>(action: ParametricAction<N>, samples: readonly TrainingSample<N>[], own: ArrayLike<number>, offset: Offset): LossEvaluation;
}

interface Differences {
  readonly d: Float64Array;
  readonly slopes: readonly Float64Array[];
}

/** d and its derivatives on final or on first configurations. */
function differencesOf<N extends number>(action: ParametricAction<N>, samples: readonly TrainingSample<N>[], at: "end" | "start" = "end"): Differences {
  if (samples.length === 0) throw new ConfigurationError("loss: got an empty batch, expected at least one sample");
  const d = new Float64Array(samples.length);
  const slopes = samples.map((sample, k) => {
    const point = at === "end" ? sample : sample.start;
    if (!point) throw new ConfigurationError("acceptance loss: got a sample without the start of its trajectory, expected one: take samples with { start }");
    const { value, gradient } = action.valueAndGradient(point.U, sample.fields);
    d[k] = value - point.value;
    return gradient;
  });
  return { d, slopes };
}

/** 1/2 mean r^2 and its gradient. */
function halfMeanSquare(residuals: Float64Array, jacobian: readonly Float64Array[]): Pick<LossEvaluation, "value" | "gradient" | "residuals"> {
  const gradient = new Float64Array(jacobian[0]!.length);
  let value = 0;
  residuals.forEach((r, i) => {
    value += (r * r) / (2 * residuals.length);
    jacobian[i]!.forEach((g, a) => (gradient[a]! += (r * g) / residuals.length));
  });
  return { value, gradient, residuals: { residuals, jacobian } };
}

function meanOf(rows: readonly Float64Array[]): Float64Array {
  const m = new Float64Array(rows[0]!.length);
  for (const row of rows) row.forEach((x, a) => (m[a]! += x / rows.length));
  return m;
}

const minus = (x: Float64Array, y: Float64Array): Float64Array => x.map((v, k) => v - y[k]!);

function squared(): Loss {
  return {
    name: "squared",
    needs: { force: false, start: false },
    own: [],
    evaluate(action, samples) {
      const { d, slopes } = differencesOf(action, samples);
      return { ...halfMeanSquare(d, slopes), differences: d, slopes };
    },
  };
}

function centred(options: { readonly offset?: "mean" | "trainable"; readonly initial?: number } = {}): Loss {
  guard("losses.centred", { options: [options, is.keysOf("offset", "initial")] });
  const { offset: kind = "mean", initial = 0 } = options;
  guard("losses.centred", { offset: [kind, is.oneOf("mean", "trainable")], initial: [initial, is.finite] });
  return {
    name: "centred",
    needs: { force: false, start: false },
    own: kind === "trainable" ? [{ name: "E0", initial }] : [],
    evaluate(action, samples, own, running) {
      const { d, slopes } = differencesOf(action, samples);
      if (kind === "trainable") return { ...halfMeanSquare(d.map((x) => x - own[0]!), slopes.map((g) => Float64Array.from([...g, -1]))), differences: d, slopes };
      const single = samples.length === 1 && running.seen > 0;
      const [E0, slope] = single ? [running.value, running.slope] : [mean(d), meanOf(slopes)];
      return { ...halfMeanSquare(d.map((x) => x - E0), slopes.map((g) => minus(g, slope))), differences: d, slopes };
    },
  };
}

function acceptance(): Loss {
  return {
    name: "acceptance",
    needs: { force: false, start: true },
    own: [],
    evaluate(action, samples) {
      const [start, end] = [differencesOf(action, samples, "start"), differencesOf(action, samples)];
      const changes = minus(end.d, start.d);
      return { ...halfMeanSquare(changes, end.slopes.map((g, k) => minus(g, start.slopes[k]!))), differences: end.d, slopes: end.slopes, changes };
    },
  };
}

function forceMatching(): Loss {
  return {
    name: "force matching",
    needs: { force: true, start: false },
    own: [],
    evaluate(action, samples) {
      const { d, slopes } = differencesOf(action, samples);
      const parts = samples.map(({ U, force, fields }) => {
        if (!force) throw new ConfigurationError("force matching: got a sample without the target's force, expected one: take samples with { force: true }");
        return action.forceMismatch(U, force, fields);
      });
      return { value: mean(parts.map((p) => p.value)), gradient: meanOf(parts.map((p) => p.gradient)), differences: d, slopes };
    },
  };
}

/** Losses by name. */
export const losses = {
  /** The published loss 1/2 |S_theta - S|^2. Its minimum need not have the best acceptance: it also fits a constant. */
  squared,
  /**
   * 1/2 |S_theta - S - E_0|^2. `offset: "mean"` (default): E_0 is the mean of the batch, so the loss is half the variance; for batches of
   * one configuration it is a running mean. `"trainable"`: E_0 is a parameter from `initial` (default 0) on.
   */
  centred,
  /** sum over links of |F_theta - F|^2 = -2 tr (F_theta - F)^2: differentiates a force. */
  forceMatching,
  /** 1/2 |Delta(S_theta - S)|^2 along trajectories of the prior run: a direct estimate of what limits the acceptance. */
  acceptance,
} as const;

/** The offset before anything was seen. */
export function startOffset(size: number): Offset {
  return { value: 0, slope: new Float64Array(size), seen: 0 };
}

/** The offset after a batch: the plain mean of the first batches, then with weight `rate` for the newest one. */
export function updateOffset(offset: Offset, differences: Float64Array, slopes: readonly Float64Array[], rate: number): Offset {
  const w = Math.max(rate, 1 / (offset.seen + 1));
  const slope = meanOf(slopes);
  return { value: offset.value + w * (mean(differences) - offset.value), slope: offset.slope.map((s, a) => s + w * (slope[a]! - s)), seen: offset.seen + 1 };
}

/** The offset at other parameters, to first order. */
export function moveOffset(offset: Offset, from: Float64Array, to: Float64Array): Offset {
  return { ...offset, value: offset.slope.reduce((s, g, a) => s + g * (to[a]! - from[a]!), offset.value) };
}

/** Both losses of a set of d. */
export interface Fluctuation {
  /** L = 1/2 <d^2>. */
  readonly squared: number;
  /** L_c = 1/2 <(d - <d>)^2>. */
  readonly centred: number;
  /** E_0 = <d>. */
  readonly mean: number;
  readonly sd: number;
}

/** L, L_c, mean and standard deviation. @throws ConfigurationError for no values. */
export function fluctuation(d: Float64Array): Fluctuation {
  guard("fluctuation", { d: [d, is.instanceOf(Float64Array, "a Float64Array")] });
  const m = mean(d);
  const variance = mean(d.map((x) => (x - m) * (x - m)));
  return { squared: mean(d.map((x) => (x * x) / 2)), centred: variance / 2, mean: m, sd: Math.sqrt(variance) };
}

/** The acceptance erfc(sd / (2 sqrt 2)) of an energy violation with this standard deviation. */
export function acceptanceOfSd(sd: number): number {
  guard("acceptanceOfSd", { sd: [sd, { ...is.number, text: "a number of at least 0", holds: (x) => is.number.holds(x) && !((x as number) < 0) }] });
  return erfc(sd / (2 * Math.SQRT2));
}

/** What an effective action does on a set of samples. */
export interface Assessment extends Fluctuation {
  /** Mean and standard deviation of d_end - d_start, and the acceptance it allows; where all samples have a start. */
  readonly trajectory?: { readonly mean: number; readonly sd: number; readonly acceptance: number };
}

/** L, L_c and, from trajectories, the expected acceptance, on a set of samples. @throws ConfigurationError for no samples. */
export function assess<N extends number>(action: ParametricAction<N>, samples: readonly TrainingSample<N>[]): Assessment {
  guard("assess", { action: [action, is.withMethods("an effective action", "valueAndGradient")], samples: [samples, is.listOf(is.object, 1)] });
  const end = differencesOf(action, samples).d;
  if (!samples.every((s) => s.start)) return fluctuation(end);
  const { mean: m, sd } = fluctuation(minus(end, differencesOf(action, samples, "start").d));
  return { ...fluctuation(end), trajectory: { mean: m, sd, acceptance: acceptanceOfSd(sd) } };
}
