/** Optimisers against steps worked out by hand, least squares against exact minima, schedules, clipping, parameter vectors. */
import { describe, expect, test } from "vitest";
import { type Objective, type Optimiser, type OptimiserState, adam, adamW, clipNorm, countParameters, gaussNewton, lbfgs, parameterSpace, randomParameters, schedules, sgd, weightAverage } from "gaugegrad";
import { decode, encode } from "../../src/util/index.ts";
import { choleskySolve } from "../../src/training/least-squares.ts";

/** The gradients of consecutive steps, whatever theta is. */
function given(...gradients: readonly number[][]): Objective[] {
  return gradients.map((g) => ({ gradient: () => Float64Array.from(g) }));
}

function run(optimiser: Optimiser, start: readonly number[], objectives: readonly Objective[]): number[][] {
  let theta = Float64Array.from(start);
  let state = optimiser.start(theta.length);
  return objectives.map((objective) => {
    const before = Float64Array.from(theta);
    const step = optimiser.step(theta, objective, state);
    expect(theta).toEqual(before);
    // the state is plain data: encoding loses nothing
    ({ parameters: theta, state } = { parameters: Float64Array.from(step.parameters), state: decode(encode(step.state)) as typeof state });
    return [...theta];
  });
}

function close(a: readonly number[], b: readonly number[]): void {
  expect(a).toHaveLength(b.length);
  a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-14));
}

describe("first order", () => {
  const gradients = given([2, -1], [4, 1]);
  test("SGD: theta - rate g", () => {
    const [first, second] = run(sgd({ rate: 0.1 }), [1, 1], gradients);
    close(first!, [0.8, 1.1]);
    close(second!, [0.4, 1.0]);
  });
  test("momentum: v = 0.5 v + g", () => {
    const [first, second] = run(sgd({ rate: 0.1, momentum: 0.5 }), [1, 1], gradients);
    close(first!, [0.8, 1.1]);
    close(second!, [0.8 - 0.1 * 5, 1.1 - 0.1 * 0.5]);
  });
  test("Nesterov: g + 0.5 v", () => {
    const [first, second] = run(sgd({ rate: 0.1, momentum: 0.5, nesterov: true }), [1, 1], gradients);
    close(first!, [1 - 0.1 * 3, 1 + 0.1 * 1.5]);
    close(second!, [0.7 - 0.1 * (4 + 0.5 * 5), 1.15 - 0.1 * (1 + 0.5 * 0.5)]);
  });
  test("Adam: two steps by hand, and the first step has length rate whatever the scale", () => {
    // m1 = 0.1 g1, v1 = 0.001 g1^2; hats g1, g1^2. m2 = 0.09 g1 + 0.1 g2 over 0.19; v2 = 0.000999 g1^2 + 0.001 g2^2 over 0.001999
    const [first, second] = run(adam({ rate: 0.1, epsilon: 0 }), [1, 1], gradients);
    close(first!, [0.9, 1.1]);
    const step = (g1: number, g2: number): number => ((0.09 * g1 + 0.1 * g2) / 0.19) / Math.sqrt((0.000999 * g1 * g1 + 0.001 * g2 * g2) / 0.001999);
    close(second!, [0.9 - 0.1 * step(2, 4), 1.1 - 0.1 * step(-1, 1)]);
    close(run(adam({ rate: 0.1, epsilon: 0 }), [1, 1], given([2e-9, -1e-9]))[0]!, [0.9, 1.1]);
    // epsilon stands beside the root of the corrected second moment
    close(run(adam({ rate: 0.1, epsilon: 2 }), [1, 1], given([2, -1]))[0]!, [1 - (0.1 * 2) / 4, 1 + 0.1 / 3]);
  });
  test("AdamW: the decay does not go through the moments", () => {
    const [first, second] = run(adamW({ rate: 0.1, epsilon: 0, weightDecay: 0.5 }), [1, 1], gradients);
    close(first!, [1 - 0.1 * (1 + 0.5), 1 - 0.1 * (-1 + 0.5)]);
    const [plain] = run(adam({ rate: 0.1, epsilon: 0 }), first!, [gradients[0]!]);
    close([plain![0]!], [first![0]! - 0.1]);
    expect(second).toHaveLength(2);
    expect(run(adamW({ rate: 0.1, weightDecay: 0 }), [1, 1], gradients)).toEqual(run(adam({ rate: 0.1 }), [1, 1], gradients));
  });
  test("defaults of the published training: Adam 5e-4, SGD 1e-5", () => {
    close(run(adam(), [0], given([3]))[0]!, [-5e-4 / (1 + 1e-8 / 3)]);
    close(run(sgd(), [0], given([3]))[0]!, [-3e-5]);
  });
  test("the rate follows the schedule, the gradient is clipped by its norm", () => {
    const optimiser = sgd({ rate: schedules.step({ initial: 1, factor: 0.5, every: 1 }), clip: 5 });
    let state = optimiser.start(2);
    const first = optimiser.step(Float64Array.of(0, 0), { gradient: () => Float64Array.of(30, 40) }, state);
    close([...first.parameters], [-3, -4]);
    expect(first).toMatchObject({ gradientNorm: 50, rate: 1 });
    state = first.state;
    const second = optimiser.step(Float64Array.of(0, 0), { gradient: () => Float64Array.of(3, 0) }, state);
    close([...second.parameters], [-1.5, 0]);
    close([...clipNorm(Float64Array.of(3, 4), 5)], [3, 4]);
  });
  test("errors: NaN, foreign state, ranges", () => {
    expect(() => adam().step(Float64Array.of(0), { gradient: () => Float64Array.of(Number.NaN) }, adam().start(1))).toThrow(/gradient of step 0 has norm NaN/);
    expect(() => adam().step(Float64Array.of(0), { gradient: () => Float64Array.of(1) }, sgd().start(1))).toThrow(/got the state of sgd, expected one of adam/);
    for (const wrong of [() => sgd({ momentum: 1 }), () => sgd({ rate: 0 }), () => adam({ beta1: -0.1 }), () => adam({ clip: 0 }), () => adamW({ weightDecay: -1 }), () => gaussNewton({ damping: -1 })]) expect(wrong).toThrow(/expected/);
  });
});

describe("Gauss-Newton", () => {
  /** r_i = a_i . theta - b_i */
  const rows = [[1, 2], [3, -1], [0.5, 0.25], [-2, 1]].map((r) => Float64Array.from(r));
  const linear: Objective = {
    gradient: () => Float64Array.of(0, 0),
    residuals: (x) => ({ residuals: Float64Array.from(rows, (r, k) => r[0]! * x[0]! + r[1]! * x[1]! - (0.7 * r[0]! - 1.3 * r[1]!) - [0.1, -0.2, 0.3, 0][k]!), jacobian: rows }),
  };
  test("a linear problem is solved in one undamped step: J^T r = 0", () => {
    const { parameters } = gaussNewton({ damping: 0 }).step(Float64Array.of(5, 5), linear, gaussNewton({ damping: 0 }).start(2));
    const { residuals } = linear.residuals!(parameters);
    for (const k of [0, 1]) expect(Math.abs(rows.reduce((s, r, i) => s + r[k]! * residuals[i]!, 0))).toBeLessThan(1e-13);
  });
  test("Rosenbrock's valley from its usual start, monotonically", () => {
    const rosenbrock: Objective = {
      gradient: () => Float64Array.of(0, 0),
      residuals: ([x, y]) => ({ residuals: Float64Array.of(10 * (y! - x! * x!), 1 - x!), jacobian: [Float64Array.of(-20 * x!, 10), Float64Array.of(-1, 0)] }),
    };
    const optimiser = gaussNewton();
    let [theta, state] = [Float64Array.of(-1.2, 1), optimiser.start(2)];
    const value = (x: Float64Array): number => rosenbrock.residuals!(x).residuals.reduce((s, r) => s + r * r, 0);
    for (let k = 0; k < 50; k++) {
      const step = optimiser.step(theta, rosenbrock, state);
      expect(value(step.parameters)).toBeLessThanOrEqual(value(theta));
      [theta, state] = [Float64Array.from(step.parameters), step.state];
    }
    close([...theta], [1, 1]);
  });
  test("a flat direction: the damping keeps it where it is", () => {
    const flat: Objective = { gradient: () => Float64Array.of(0, 0), residuals: (x) => ({ residuals: Float64Array.of(x[0]! + x[1]! - 2), jacobian: [Float64Array.of(1, 1)] }) };
    const { parameters } = gaussNewton().step(Float64Array.of(3, 1), flat, gaussNewton().start(2));
    expect(parameters[0]! - parameters[1]!).toBeCloseTo(2, 9);
    expect(Math.abs(parameters[0]! + parameters[1]! - 2)).toBeLessThan(2e-3);
    expect(choleskySolve(Float64Array.of(1, 1, 1, 1), Float64Array.of(1, 1))).toBeUndefined();
  });
  test("a parameter that another one switches on, r = a b - 1 at a = 0: it waits until it matters", () => {
    const product: Objective = { gradient: () => Float64Array.of(0, 0), residuals: ([a, b]) => ({ residuals: Float64Array.of(a! * b! - 1), jacobian: [Float64Array.of(b!, a!)] }) };
    const optimiser = gaussNewton();
    let [theta, state] = [Float64Array.of(0, 0.5), optimiser.start(2)];
    const first = optimiser.step(theta, product, state).parameters;
    expect(first[0]).toBeGreaterThan(1);
    expect(first[1]).toBe(0.5);
    for (let k = 0; k < 8; k++) ({ parameters: theta, state } = optimiser.step(theta, product, state) as never);
    close([theta[0]! * theta[1]!], [1]);
  });
  test("a loss without residuals is refused", () => {
    expect(() => gaussNewton().step(Float64Array.of(0), given([1])[0]!, gaussNewton().start(1))).toThrow(/without residuals/);
  });
});

test("schedules", () => {
  const c = schedules.cosine({ initial: 1, final: 0.2, steps: 10 });
  close([c(0), c(5), c(10), c(99)], [1, 0.6, 0.2, 0.2]);
  const s = schedules.step({ initial: 1, factor: 0.1, every: 3 });
  close([s(0), s(2), s(3), s(6)], [1, 1, 0.1, 0.01]);
  const w = schedules.warmUp(4, s);
  close([w(0), w(3), w(4), w(7)], [0.25, 1, 1, 0.1]);
  expect(() => schedules.cosine({ initial: 1, steps: 0 })).toThrow(/steps = 0/);
});

describe("parameter vectors", () => {
  const template = { b: [{ rho: 1, w: [2, 3] }], a: 4 };
  const space = parameterSpace(template);
  test("names and values in the order of declaration, both ways", () => {
    expect(space.names).toEqual(["b.0.rho", "b.0.w.0", "b.0.w.1", "a"]);
    expect([...space.flatten(template)]).toEqual([1, 2, 3, 4]);
    // gradients come back with sorted keys: names decide
    expect([...space.flatten({ a: 40, b: [{ w: [20, 30], rho: 10 }] })]).toEqual([10, 20, 30, 40]);
    expect(space.unflatten([5, 6, 7, 8])).toEqual({ b: [{ rho: 5, w: [6, 7] }], a: 8 });
    expect(countParameters(template)).toBe(4);
  });
  test("random initial values: uniform within the width, the same for the same seed", () => {
    const many = randomParameters(Array.from({ length: 3000 }, () => 7), { seed: 1, width: 0.02 });
    expect(Math.max(...many.map(Math.abs))).toBeLessThanOrEqual(0.02);
    // mean and second moment of a uniform distribution within four standard errors
    expect(Math.abs(many.reduce((s, x) => s + x, 0) / 3000)).toBeLessThan((4 * 0.02) / Math.sqrt(3 * 3000));
    expect(Math.abs(many.reduce((s, x) => s + x * x, 0) / 3000 / (0.02 ** 2 / 3) - 1)).toBeLessThan(4 * Math.sqrt(0.8 / 3000));
    expect(randomParameters(template, { seed: 4 })).toEqual(randomParameters(template, { seed: 4 }));
    expect(randomParameters(template, { seed: 4 })).not.toEqual(randomParameters(template, { seed: 5 }));
    expect(Object.keys(randomParameters(template, { seed: 4 }))).toEqual(["b", "a"]);
  });
  test("errors name the place", () => {
    expect(() => parameterSpace({ a: [1, "x"] })).toThrow(/got string at "a.1"/);
    expect(() => space.unflatten([1])).toThrow(/got 1 values, expected 4/);
    expect(() => space.flatten({ a: 1, b: [{ rho: 1, w: [2] }] } as never)).toThrow(/got \[2\] as b.0.w, expected an array of length 2/);
    expect(() => space.flatten({ a: 1, b: [{ rho: 1, v: [2, 3] }] } as never)).toThrow(/got the unknown key "v" in b.0, expected rho, w/);
  });
});

test("gradients of millions of parameters", () => {
  const gradient = (n: number) => ({ gradient: () => new Float64Array(n).fill(1e-3) });
  for (const [n, norm] of [[100_000, 0.31622776601683794], [130_000, 0.36055512754639896], [1_000_000, 1]] as const)
    for (const o of [adam(), adamW(), sgd()]) expect(o.step(new Float64Array(n), gradient(n), o.start(n)).gradientNorm).toBeCloseTo(norm, 14);
  const many = 10_000_000;
  expect(clipNorm(new Float64Array(many).fill(2), 1)[many - 1]).toBeCloseTo(1 / Math.sqrt(many), 15);
  expect(adam().step(new Float64Array(many), gradient(many), adam().start(many)).gradientNorm).toBeCloseTo(1e-3 * Math.sqrt(many), 12);
});

test("norms at the ends of float64", () => {
  for (const x of [[3e200, 4e200], [3e-200, 4e-200], [0, -0], [NaN, 1], [1, NaN], []]) {
    const c = clipNorm(Float64Array.from(x), Number.MAX_VALUE);
    expect([...c]).toEqual(x);
  }
  const huge = clipNorm(Float64Array.of(3e300, 4e300), 5);
  expect(huge[0]).toBeCloseTo(3, 12);
  expect(huge[1]).toBeCloseTo(4, 12);
});

describe("one pass over flat arrays", () => {
  /** Numbers of all sizes, with zeros of both signs. */
  const numbers = (n: number, salt: number): Float64Array => Float64Array.from({ length: n }, (_, k) => (k % 97 === 0 ? (k % 2 === 0 ? -0 : 0) : Math.sin(k * (1.1 + salt) + salt) * 10 ** ((k * 7 + 3) % 31 - 15)));
  const bits = (x: Float64Array): bigint[] => [...new BigUint64Array(x.slice().buffer)];

  test("the bits are those of the formulas written out, for any length", () => {
    for (const n of [0, 1, 7, 8, 1023, 1024, 1025, 5001]) {
      const [beta1, beta2, epsilon, decay, rate, mu] = [0.9, 0.999, 1e-8, 0.01, 3e-3, 0.7];
      const [w, nesterov] = [adamW({ rate, weightDecay: decay }), sgd({ rate, momentum: mu, nesterov: true })];
      let [theta, state] = [numbers(n, 0.3), w.start(n)];
      let [moved, motion] = [numbers(n, 0.3), nesterov.start(n)];
      let [x, m, v, y, velocity] = [theta, new Float64Array(n), new Float64Array(n), moved, new Float64Array(n)];
      let [p1, p2] = [1, 1];
      for (let step = 0; step < 3; step++) {
        const g = numbers(n, 1.7 + step);
        ({ parameters: theta, state } = w.step(theta, { gradient: () => g }, state));
        ({ parameters: moved, state: motion } = nesterov.step(moved, { gradient: () => g }, motion));
        [p1, p2] = [p1 * beta1, p2 * beta2];
        m = m.map((a, k) => beta1 * a + (1 - beta1) * g[k]!);
        v = v.map((a, k) => beta2 * a + (1 - beta2) * g[k]! * g[k]!);
        x = x.map((a, k) => a - rate * (m[k]! / (1 - p1) / (Math.sqrt(v[k]! / (1 - p2)) + epsilon) + decay * a));
        velocity = velocity.map((a, k) => mu * a + g[k]!);
        y = y.map((a, k) => a - rate * (g[k]! + mu * velocity[k]!));
      }
      expect([bits(theta), bits(state.vectors["m"]!), bits(state.vectors["v"]!)]).toEqual([bits(x), bits(m), bits(v)]);
      expect([bits(moved), bits(motion.vectors["velocity"]!)]).toEqual([bits(y), bits(velocity)]);
    }
  });

  test("groups: each is what an optimiser of its own would do; what is frozen stays and counts for no norm", () => {
    const names = ["network.0.rho", "network.0.w.0", "network.0.w.1", "network.1.rho", "gauge.beta", "gauge.weights.0", "gauge.weights.1"];
    const groups = [{ parameters: "network.*.rho", rate: 0.5, weightDecay: 0 }, { parameters: ["gauge.weights"], frozen: true }, { parameters: "network.*.w", rate: schedules.step({ initial: 1, factor: 0.5, every: 1 }) }];
    const optimiser = adamW({ rate: 0.1, clip: 3, weightDecay: 0.2, groups });
    let [theta, state]: [Float64Array, OptimiserState] = [Float64Array.of(1, 2, 3, 4, 5, 6, 7), optimiser.start(7, names)];
    const free = [0, 1, 2, 3, 4];
    const parts = [{ at: [0, 3], o: (r: number) => adamW({ rate: r, weightDecay: 0 }), rate: () => 0.5 }, { at: [1, 2], o: (r: number) => adamW({ rate: r, weightDecay: 0.2 }), rate: (k: number) => 0.5 ** k }, { at: [4], o: (r: number) => adamW({ rate: r, weightDecay: 0.2 }), rate: () => 0.1 }];
    const apart: { theta: Float64Array; state: OptimiserState }[] = parts.map(({ at, o }) => ({ theta: Float64Array.from(at, (k) => theta[k]!), state: o(1).start(at.length) }));
    for (let step = 0; step < 3; step++) {
      const g = Float64Array.from({ length: 7 }, (_, k) => Math.cos(3 * k + step) * (k > 4 ? 1e6 : 4));
      const next = optimiser.step(theta, { gradient: () => g }, decode(encode(state)) as OptimiserState);
      expect(next.gradientNorm).toBeCloseTo(Math.hypot(...free.map((k) => g[k]!)), 12);
      [theta, state] = [next.parameters, next.state];
      const clipped = clipNorm(Float64Array.from(g, (x, k) => (k > 4 ? 0 : x)), 3);
      parts.forEach(({ at, o, rate }, k) => {
        const one = o(rate(step)).step(apart[k]!.theta, { gradient: () => Float64Array.from(at, (i) => clipped[i]!) }, apart[k]!.state);
        apart[k] = { theta: one.parameters, state: one.state };
        expect(at.map((i) => theta[i])).toEqual([...one.parameters]);
      });
      expect([...theta.subarray(5)]).toEqual([6, 7]);
    }
    expect(() => optimiser.start(7)).toThrow(/no names for 7 parameters/);
    expect(() => adam({ groups: [{ parameters: "network.2" }] }).start(7, names)).toThrow(/a group of "network.2", expected names or branches of the parameters network.0.rho/);
    expect(() => adam({ groups: [{ parameters: "network" }, { parameters: "network.1.rho", frozen: true }] }).start(7, names)).toThrow(/"network.1.rho" in two groups/);
    expect(() => adam({ groups: [{ parameters: "network", weightDecay: 1 }] })).toThrow(/weightDecay, expected none: adamW/);
    expect(() => adam().step(theta, { gradient: () => theta }, { ...state, kind: "adam" })).toThrow(/state with groups/);
    expect(() => adam().step(theta, { gradient: () => theta }, adam().start(3))).toThrow(/of 3 numbers, expected 7/);
  });
});

test("exponential average: the weighted mean of all weights, written out", () => {
  const [d, thetas] = [0.8, [[1, -2], [3, 5], [-4, 0.5]]];
  let a = weightAverage.start(2, d);
  thetas.forEach((x, k) => {
    a = weightAverage.add(decode(encode(a)) as typeof a, Float64Array.from(x));
    const weights = thetas.slice(0, k + 1).map((_, j) => d ** (k - j));
    const total = weights.reduce((s, w) => s + w, 0);
    close([...weightAverage.value(a)], [0, 1].map((i) => weights.reduce((s, w, j) => s + w * thetas[j]![i]!, 0) / total));
  });
  expect(() => weightAverage.value(weightAverage.start(2, d))).toThrow(/no steps/);
  expect(() => weightAverage.start(2, 1)).toThrow(/decay = 1, expected a number in \[0, 1\)/);
});

describe("L-BFGS", () => {
  /** A sum over pairs of Rosenbrock's function, and of quartic terms, in n dimensions. */
  const valley = (n: number): Required<Pick<Objective, "gradient" | "value">> => ({
    value: (x) => Array.from({ length: n / 2 }, (_, k) => 100 * (x[2 * k + 1]! - x[2 * k]! ** 2) ** 2 + (1 - x[2 * k]!) ** 2).reduce((s, f) => s + f, 0),
    gradient: (x) => Float64Array.from({ length: n }, (_, k) => (k % 2 === 1 ? 200 * (x[k]! - x[k - 1]! ** 2) : -400 * x[k]! * (x[k + 1]! - x[k]! ** 2) - 2 * (1 - x[k]!))),
  });
  /** x H y by the dense BFGS formula, begun with s.y / y.y of the newest pair. */
  const dense = (pairs: readonly { s: Float64Array; y: Float64Array }[], g: Float64Array): number[] => {
    const n = g.length;
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from({ length: n }, (_, k) => a[k]! * b[k]!).reduce((x, t) => x + t, 0);
    const newest = pairs.at(-1);
    const scale = newest ? dot(newest.s, newest.y) / dot(newest.y, newest.y) : 1;
    let H = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
    for (const { s, y } of pairs) {
      const rho = 1 / dot(s, y);
      const left = (i: number, k: number): number => (i === k ? 1 : 0) - rho * s[i]! * y[k]!;
      const half = H.map((_, i) => Array.from({ length: n }, (_, j) => Array.from({ length: n }, (_, k) => left(i, k) * H[k]![j]!).reduce((a, t) => a + t, 0)));
      H = half.map((row, i) => Array.from({ length: n }, (_, j) => Array.from({ length: n }, (_, k) => row[k]! * left(j, k)).reduce((a, t) => a + t, 0) + rho * s[i]! * s[j]!));
    }
    return H.map((row) => -dot(row, g));
  };

  test("every step goes along the dense inverse Hessian of the last pairs and satisfies both Wolfe conditions", () => {
    const [n, memory] = [8, 10];
    const f = valley(n);
    const optimiser = lbfgs({ memory });
    let [theta, state]: [Float64Array, OptimiserState] = [Float64Array.from({ length: n }, (_, k) => (k % 2 === 0 ? -1.2 + 0.1 * k : 1)), optimiser.start(n)];
    const pairs: { s: Float64Array; y: Float64Array }[] = [];
    let steps = 0;
    for (; steps < 200 && Math.hypot(...f.gradient(theta)) > 1e-9; steps++) {
      const g = f.gradient(theta);
      const along = dense(pairs.slice(-memory), g);
      const { parameters, state: next, rate } = optimiser.step(theta, f, decode(encode(state)) as OptimiserState);
      parameters.forEach((x, k) => expect(Math.abs(x - theta[k]! - rate * along[k]!)).toBeLessThan(1e-7 * (1e-3 + Math.hypot(...along))));
      const slope = along.reduce((s, d, k) => s + d * g[k]!, 0);
      const after = f.gradient(parameters);
      expect(f.value(parameters)).toBeLessThanOrEqual(f.value(theta) + 1e-4 * rate * slope + 1e-15);
      expect(Math.abs(along.reduce((s, d, k) => s + d * after[k]!, 0))).toBeLessThanOrEqual(0.9 * Math.abs(slope) * (1 + 1e-6));
      pairs.push({ s: parameters.map((x, k) => x - theta[k]!), y: after.map((x, k) => x - g[k]!) });
      [theta, state] = [parameters, next];
    }
    close([...theta].map((x) => Math.round(x * 1e8) / 1e8), Array.from({ length: n }, () => 1));
    console.log(`L-BFGS: ${steps} steps in ${n} dimensions`);
    expect(steps).toBeLessThan(150);
  });
  test("a state that was stored goes on with the same bits", () => {
    const f = valley(4);
    const o = lbfgs({ memory: 2 });
    const go = (steps: number, stop: number): Float64Array => {
      let [theta, state]: [Float64Array, OptimiserState] = [Float64Array.of(-1, 2, 0.3, 0.1), o.start(4)];
      for (let k = 0; k < steps; k++) {
        ({ parameters: theta, state } = o.step(theta, f, state));
        if (k === stop) state = decode(encode(state)) as OptimiserState;
      }
      return theta;
    };
    expect(go(12, 5)).toEqual(go(12, 100));
  });
  test("where nothing is lower theta stays; infinite values are stepped back from; no value is an error", () => {
    const o = lbfgs();
    const minimum = o.step(Float64Array.of(1, 1), valley(2), o.start(2));
    expect([[...minimum.parameters], minimum.rate]).toEqual([[1, 1], 0]);
    // log of a negative number is no number
    const wall: Objective = { value: ([x]) => x! - Math.log(x!), gradient: ([x]) => Float64Array.of(1 - 1 / x!) };
    let [theta, state]: [Float64Array, OptimiserState] = [Float64Array.of(30), o.start(1)];
    for (let k = 0; k < 15; k++) ({ parameters: theta, state } = o.step(theta, wall, state));
    expect(theta[0]).toBeCloseTo(1, 8);
    expect(() => o.step(Float64Array.of(0), given([1])[0]!, o.start(1))).toThrow(/objective without a value/);
    expect(() => o.step(Float64Array.of(0), { value: () => Number.NaN, gradient: () => Float64Array.of(1) }, o.start(1))).toThrow(/value NaN/);
    expect(() => lbfgs({ memory: 0 })).toThrow(/memory/);
  });
});
