/**
 * The action of a trivialising flow by Schwinger-Dyson equations (idea: arXiv:2212.11387). Among S~_t = sum_k g_k(t) W_k the Galerkin solution in the ensemble exp(-tS) is
 *   sum_k <dW_j . dW_k>_t g_k = <W_j S>_t - <W_j>_t <S>_t,   dW_j . dW_k = sum over links and a,
 * linear equations for every t. The identity <sum d^a d^a W>_t = t <dS . dW>_t holds for every W, and tells whether configurations belong to t.
 */
import { type Algebras, type Lattice, type LinkField, type Links, Plan, type Scalar, add, grad, kind, number, pairing, scaleBy } from "../autograd/index.ts";
import { SolverError } from "../errors.ts";
import { type Group, aGroup, gaugeAction, hot } from "../gauge/index.ts";
import { hmc } from "../samplers/index.ts";
import { choleskySolve } from "../training/index.ts";
import { guard, is, mapLeaves } from "../util/index.ts";
import type { FlowCoefficients } from "./action-flow.ts";
import type { TargetAction } from "./generative/generative-model.ts";
import { type OperatorName, laplacianOf, operatorValues, operatorsOf } from "./loop-operators.ts";

/** Averages over configurations of exp(-tS). */
export interface SchwingerDysonSystem {
  readonly operators: readonly OperatorName[];
  /** <dW_j . dW_k>. */
  readonly gram: readonly (readonly number[])[];
  /** <W_j S> - <W_j><S>. */
  readonly covariance: readonly number[];
  /** <sum d^a d^a W_j> and <dS . dW_j>: their ratio is t. */
  readonly identity: readonly { readonly laplacian: number; readonly product: number }[];
}

interface Measured {
  readonly values: readonly number[];
  readonly action: number;
  readonly gram: readonly (readonly number[])[];
  readonly laplacians: readonly number[];
  readonly products: readonly number[];
}

/** Everything of one configuration, in one recorded program. */
function measured(U: Links, action: TargetAction, operators: readonly OperatorName[]): unknown {
  const { N, lattice } = U;
  const tape = U[0]!.tape;
  const plaquettes = (lattice.volume * lattice.dim * (lattice.dim - 1)) / 2;
  const S = (V: Links): Scalar => action.evaluate(V, mapLeaves(action.inputs, (x) => number(tape, x as number)) as never);
  const W = operatorValues(U);
  const forces = operators.map((name) => grad((V: Links) => operatorValues(V)[name])(U) as Algebras);
  const force = grad(S)(U) as Algebras;
  return {
    values: operators.map((name) => W[name]),
    action: S(U),
    gram: forces.map((a) => forces.map((b) => pairing(a, b))),
    laplacians: operators.map((name) => {
      const { of, constant } = laplacianOf(name, N);
      return add(number(tape, constant * plaquettes), ...(Object.entries(of) as [OperatorName, number][]).map(([other, f]) => scaleBy(f, W[other])));
    }),
    products: forces.map((a) => pairing(a, force)),
  };
}

const iterable = { ...is.present, text: "link fields, one after the other", holds: (x: unknown) => typeof x === "object" && x !== null && Symbol.iterator in x };

/** The equations from configurations of exp(-t S). @throws ConfigurationError for fewer than 2 configurations. */
export function schwingerDysonSystem(configurations: Iterable<LinkField>, options: { readonly action: TargetAction; readonly operators?: readonly OperatorName[] }): SchwingerDysonSystem {
  guard("schwingerDysonSystem", { configurations: [configurations, iterable], options: [options, is.keysOf("action", "operators")] });
  guard("schwingerDysonSystem", { action: [options.action, is.withMethods("an action", "evaluate")], operators: [options.operators, is.optional(is.listOf(is.text, 1))] });
  let plan: Plan<readonly unknown[], unknown> | undefined;
  let operators: readonly OperatorName[] = options.operators ?? [];
  const found: Measured[] = [];
  for (const U of configurations) {
    guard("schwingerDysonSystem", { "one of the configurations": [U, kind.linkField] });
    if (!plan) {
      operators = options.operators ?? operatorsOf(U.N);
      plan = new Plan(((V: Links) => measured(V, options.action, operators)) as never, [U]);
    }
    found.push(structuredClone(plan.run(U)) as Measured);
  }
  guard("schwingerDysonSystem", { configurations: [found, is.listOf(is.object, 2)] });
  const mean = (f: (m: Measured) => number): number => found.reduce((s, m) => s + f(m), 0) / found.length;
  const S = mean((m) => m.action);
  return {
    operators,
    gram: operators.map((_, j) => operators.map((__, k) => mean((m) => m.gram[j]![k]!))),
    covariance: operators.map((_, j) => mean((m) => m.values[j]! * (m.action - S))),
    identity: operators.map((_, j) => ({ laplacian: mean((m) => m.laplacians[j]!), product: mean((m) => m.products[j]!) })),
  };
}

/** g of one ensemble, by operator. @throws SolverError when the operators depend on each other. */
export function schwingerDysonSolution(system: SchwingerDysonSystem): Readonly<Record<string, number>> {
  guard("schwingerDysonSolution", { system: [system, is.withFields("the equations of schwingerDysonSystem", "operators", "gram", "covariance")] });
  const { operators, gram, covariance } = system;
  const g = choleskySolve(Float64Array.from(gram.flat()), Float64Array.from(covariance));
  if (!g) throw new SolverError(`Schwinger-Dyson equations: got a Gram matrix of ${operators.join(", ")} that is not positive, expected independent operators: take operatorsOf(N), or more configurations`);
  return Object.fromEntries(operators.map((name, k) => [name, g[k]!]));
}

/**
 * Coefficients of `actionFlow` for the Wilson action at `beta`, by ensembles of HMC at t beta, t = 0 (Haar), ..., 1: no training. Same seed, same numbers.
 */
export function schwingerDysonFlow(options: {
  readonly lattice: Lattice;
  readonly group: Group;
  readonly beta: number;
  readonly seed: number;
  /** Equally spaced times; default 5. */
  readonly knots?: number;
  /** Configurations of each ensemble; default 200. */
  readonly configurations?: number;
  readonly operators?: readonly OperatorName[];
}): FlowCoefficients {
  guard("schwingerDysonFlow", { options: [options, is.keysOf("lattice", "group", "beta", "seed", "knots", "configurations", "operators")] });
  const { lattice, group, beta, seed, knots = 5, configurations = 200 } = options;
  guard("schwingerDysonFlow", { lattice: [lattice, kind.lattice], group: [group, aGroup], operators: [options.operators, is.optional(is.listOf(is.text, 1))], beta: [beta, is.positive], seed: [seed, is.integer], knots: [knots, is.count], configurations: [configurations, is.count] });
  const { operators = operatorsOf(group.N) } = options;
  const action = gaugeAction.wilson({ beta });
  const solutions = Array.from({ length: knots }, (_, k) => {
    const t = knots === 1 ? 1 : k / (knots - 1);
    return schwingerDysonSolution(schwingerDysonSystem(ensemble(lattice, group, t * beta, seed + k, configurations), { action, operators }));
  });
  return Object.fromEntries(operators.map((name) => [name, solutions.map((s) => s[name]!)])) as FlowCoefficients;
}

/** Configurations of the Wilson action; at coupling 0 they are Haar-distributed and independent. */
function* ensemble(lattice: Lattice, group: Group, beta: number, seed: number, count: number): Generator<LinkField, void, void> {
  if (beta === 0) {
    for (let k = 0; k < count; k++) yield hot(lattice, group, { seed, stream: k }) as LinkField;
    return;
  }
  const U = hot(lattice, group, { seed }) as LinkField;
  const sampler = hmc({ action: gaugeAction.wilson({ beta }), integrator: "omelyan", steps: 6, length: 1, seed });
  for (let k = 0; k < 20; k++) sampler.step(U);
  for (let k = 0; k < count; k++) {
    sampler.step(U);
    sampler.step(U);
    yield U;
  }
}
