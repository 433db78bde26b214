/**
 * First-order optimisers: SGD with momentum (Polyak; Nesterov), Adam (arXiv:1412.6980), AdamW (arXiv:1711.05101). A step is one pass over flat arrays by a
 * compiled kernel (compiler/emit/flat-kernel.ts), whatever the parameters are called; groups of parameters have rates of their own.
 */
import { FlatKernel, type FlatFormula } from "../compiler/index.ts";
import { ConfigurationError, NaNError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { type Optimiser, type OptimiserState, clipNorm, expectStep, norm, parameterCount } from "./optimisers.ts";
import { type Groups, type ParameterGroup, groupsOf } from "./parameter-groups.ts";
import { type Schedule, scheduleOf } from "./schedule.ts";

/** Options of every first-order optimiser. */
export interface FirstOrderOptions {
  /** Learning rate: a number or a schedule. */
  readonly rate?: number | Schedule;
  /** Largest Euclidean norm of the gradient, without the frozen parameters; a longer one is scaled down to it. */
  readonly clip?: number;
  /** Parameters with a rate or decay of their own, or none: `start` needs their names. */
  readonly groups?: readonly ParameterGroup[];
}

/** One optimiser's formula and what it keeps. */
interface Rule {
  readonly name: string;
  /** Vectors of the state, zero at first. */
  readonly memory: readonly string[];
  readonly scalars: OptimiserState["scalars"];
  /** Scalars of the next state. */
  advance(scalars: OptimiserState["scalars"]): OptimiserState["scalars"];
  /** (theta, gradient, memory; numbers) to (theta, memory). */
  readonly formula: FlatFormula;
  /** How many numbers the formula has, and what they are. */
  readonly count: number;
  numbers(rate: number, decay: number, next: OptimiserState["scalars"]): readonly number[];
  readonly decay: number;
}

export function expectRange(name: string, what: string, x: number, low: number, high: number): void {
  if (!(x >= low && x < high)) throw new ConfigurationError(`${name}: got ${what} = ${x}, expected a number in [${low}, ${high})`);
}

/** Checks of state and gradient, clipping and the schedules, around the formula of one optimiser. */
function firstOrder(rule: Rule, options: FirstOrderOptions & { readonly defaultRate: number }): Optimiser {
  const { name, memory } = rule;
  const schedule = scheduleOf(options.rate ?? options.defaultRate);
  const { clip = Number.POSITIVE_INFINITY } = options;
  if (!(clip > 0)) throw new ConfigurationError(`${name}: got clip = ${clip}, expected a positive norm`);
  const groups: Groups = groupsOf(name, options.groups ?? [], { rate: schedule, weightDecay: rule.decay });
  let kernel: FlatKernel | undefined;
  return {
    name,
    start(size, names) {
      guard(`${name}.start`, { size: [size, parameterCount], names: [names, is.optional(is.listOf(is.text))] });
      const kept = Object.fromEntries(memory.map((key) => [key, new Float64Array(size)]));
      return { kind: name, step: 0, scalars: rule.scalars, vectors: { ...kept, ...groups.start(size, names) } };
    },
    step(theta, objective, state) {
      expectStep(name, theta, objective, state);
      const raw = objective.gradient(theta);
      const old = memory.map((key) => state.vectors[key]);
      for (const x of [raw, ...old]) if (!(x instanceof Float64Array) || x.length !== theta.length) throw new ConfigurationError(`${name}: got a gradient or a state of ${x instanceof Float64Array ? x.length : "no"} numbers, expected ${theta.length}, one a parameter`);
      const ranges = groups.ranges(state, theta.length);
      const gradient = groups.thawed(raw, ranges);
      const gradientNorm = norm(gradient);
      if (!Number.isFinite(gradientNorm)) throw new NaNError(`${name}: the gradient of step ${state.step} has norm ${gradientNorm}, expected a finite one: use a smaller learning rate or clip`);
      const clipped = clipNorm(gradient, clip);
      kernel ??= new FlatKernel(name, { vectors: 2 + memory.length, numbers: rule.count }, rule.formula);
      const scalars = rule.advance(state.scalars);
      const results = [theta, ...old].map(() => new Float64Array(theta.length));
      const vectors = [theta, clipped, ...(old as Float64Array[])];
      for (const { from, to, group } of ranges) {
        if (group.frozen) [theta, ...(old as Float64Array[])].forEach((x, k) => results[k]!.set(x.subarray(from, to), from));
        else kernel.run(from, to, vectors, rule.numbers(group.rate(state.step), group.weightDecay, scalars), results);
      }
      const vector = Object.fromEntries(memory.map((key, k) => [key, results[k + 1]!]));
      return { parameters: results[0]!, state: { kind: name, step: state.step + 1, scalars, vectors: { ...state.vectors, ...vector } }, gradientNorm, rate: schedule(state.step) };
    },
  };
}

/** theta <- theta - rate v, v <- momentum v + g (Nesterov: theta <- theta - rate (g + momentum v)). Default rate 1e-5. */
export function sgd(options: FirstOrderOptions & { readonly momentum?: number; readonly nesterov?: boolean } = {}): Optimiser {
  guard("sgd", { options: [options, is.keysOf("rate", "clip", "groups", "momentum", "nesterov")] });
  const { momentum = 0, nesterov = false } = options;
  expectRange("sgd", "momentum", momentum, 0, 1);
  const rule: Rule = {
    name: "sgd",
    memory: ["velocity"],
    scalars: {},
    advance: (s) => s,
    formula(b, [theta, g, v], [rate, mu]) {
      const velocity = b.add(b.mul(mu!, v!), g!);
      const direction = nesterov ? b.add(g!, b.mul(mu!, velocity)) : velocity;
      return [b.sub(theta!, b.mul(rate!, direction)), velocity];
    },
    count: 2,
    numbers: (rate) => [rate, momentum],
    decay: 0,
  };
  return firstOrder(rule, { ...options, defaultRate: 1e-5 });
}

/** Options of Adam (arXiv:1412.6980): decay rates of the two moments and the regulator of the quotient. */
export interface AdamOptions extends FirstOrderOptions {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
}

const ADAM = ["rate", "clip", "groups", "beta1", "beta2", "epsilon"] as const;

/** Adam: theta <- theta - rate mhat / (sqrt(vhat) + epsilon). Default rate 5e-4. */
export function adam(options: AdamOptions = {}): Optimiser {
  guard("adam", { options: [options, is.keysOf(...ADAM)] });
  return adamLike("adam", options, 0);
}

/** Adam with decoupled weight decay (default 0.01): theta <- theta - rate (mhat / (sqrt(vhat) + epsilon) + decay theta). */
export function adamW(options: AdamOptions & { readonly weightDecay?: number } = {}): Optimiser {
  guard("adamW", { options: [options, is.keysOf(...ADAM, "weightDecay")] });
  const { weightDecay = 0.01, ...rest } = options;
  expectRange("adamW", "weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
  return adamLike("adamW", rest, weightDecay);
}

/** The powers of beta1 and beta2 that correct the bias are products, so that every machine has the same bits. */
function adamLike(name: string, options: AdamOptions, decay: number): Optimiser {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  expectRange(name, "beta1", beta1, 0, 1);
  expectRange(name, "beta2", beta2, 0, 1);
  expectRange(name, "epsilon", epsilon, 0, Number.POSITIVE_INFINITY);
  const rule: Rule = {
    name,
    memory: ["m", "v"],
    scalars: { beta1Power: 1, beta2Power: 1 },
    advance: (s) => ({ beta1Power: s["beta1Power"]! * beta1, beta2Power: s["beta2Power"]! * beta2 }),
    formula(b, [theta, g, m, v], [rate, lambda, b1, a1, b2, a2, first, second, eps]) {
      const next = b.add(b.mul(b1!, m!), b.mul(a1!, g!));
      const square = b.add(b.mul(b2!, v!), b.mul(b.mul(a2!, g!), g!));
      const quotient = b.div(b.div(next, first!), b.add(b.sqrt(b.div(square, second!)), eps!));
      return [b.sub(theta!, b.mul(rate!, b.add(quotient, b.mul(lambda!, theta!)))), next, square];
    },
    count: 9,
    numbers: (rate, lambda, next) => [rate, lambda, beta1, 1 - beta1, beta2, 1 - beta2, 1 - next["beta1Power"]!, 1 - next["beta2Power"]!, epsilon],
    decay,
  };
  return firstOrder(rule, { ...options, defaultRate: 5e-4 });
}
