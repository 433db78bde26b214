/**
 * Effective actions S_theta: any gauge action of which some inputs (network weights, also as tensors, couplings, a hopping mass) are the trainable
 * parameters theta, while the rest (pseudofermions, fixed numbers) is data and is not differentiated. Value, force, dS_theta/dtheta and
 * the derivative of a force mismatch come from the same recorded function.
 */
import {
  type AlgebraField,
  type Algebras,
  type LinkField,
  type Links,
  type Scalar,
  type TracedOf,
  type TracedTensor,
  Field,
  Plan,
  add,
  grad,
  pairing,
  sub,
  valueAndGrad,
} from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type Action, GaugeAction, PerLattice, type Smearing } from "../gauge/index.ts";
import { type Path, Tensor, guard, is, leavesOf, mapLeaves, nameOf, valueAt } from "../util/index.ts";

/** S_theta (or a mismatch of forces) and its derivative with respect to theta. */
export interface ValueAndGradient {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** What a loss needs of S_theta. */
export interface ParametricAction<N extends number = number> {
  /** S_theta[U] and dS_theta/dtheta, with stored values of the pseudofermions. */
  valueAndGradient(U: LinkField<N>, fields?: readonly Field[]): ValueAndGradient;
  /** sum_links |F_theta - F|^2 and its derivative with respect to theta. */
  forceMismatch(U: LinkField<N>, F: AlgebraField<N>, fields?: readonly Field[]): ValueAndGradient;
}

type Weight = Scalar | TracedTensor;

/** A number or tensor of theta: its place among the inputs, and that of its first number in the flat vector. */
interface Part {
  readonly path: Path;
  readonly from: number;
}

/** Parts, names and recordings, shared by actions that differ in theta only. */
interface Shared {
  readonly parts: readonly Part[];
  readonly names: readonly string[];
  readonly gradient: PerLattice<Plan<readonly unknown[], { value: Scalar; grad: Weight[] }>>;
  readonly mismatch: PerLattice<Plan<readonly unknown[], { value: Scalar; grad: Weight[] }>>;
}

/** S_theta with values for theta. Immutable: training makes new ones with `with`. Any sampler takes it as a guide. */
export class EffectiveAction<N extends number = number, I = unknown> implements Action<N>, ParametricAction<N> {
  readonly name: string;
  /** The action with theta among its inputs. */
  readonly action: GaugeAction<N, I>;
  /** Selected inputs: names of numbers, of tensors or of whole branches. */
  readonly trainable: readonly string[];
  /** Name of every number of theta, in the order of the flat vector; those of a tensor are numbered behind its name, `network.w.0`. */
  readonly names: readonly string[];
  /** Fields among the inputs, each once: pseudofermions. A stored configuration carries its own values of them. */
  readonly fields: readonly Field[];
  readonly #shared: Shared;

  /** @throws ConfigurationError when a selected input does not exist or is selected twice, or when nothing is selected. */
  constructor(action: GaugeAction<N, I>, trainable: readonly string[], shared?: Shared) {
    guard("effective action", { action: [action, is.withMethods("a recorded action", "evaluate", "with", "force")], trainable: [trainable, is.listOf(is.text)] });
    this.name = action.name;
    this.action = action;
    this.trainable = trainable;
    this.#shared = shared ?? selected(action, trainable);
    this.names = this.#shared.names;
    this.fields = [...new Set(leavesOf(action.inputs).flatMap(({ value }) => (value instanceof Field ? [value as Field] : [])))];
  }

  /** Number of parameters. */
  get size(): number {
    return this.names.length;
  }

  /** theta, a copy. */
  get parameters(): Float64Array {
    return flat(this.#shared.parts.map(({ path }) => valueAt(this.action.inputs, path) as number | Tensor));
  }

  /** The same action with other parameters; recordings are shared. @throws ConfigurationError for another count. */
  with(parameters: ArrayLike<number>): EffectiveAction<N, I> {
    guard(`effective action "${this.name}"`, { parameters: [parameters, is.listOf(is.number)] });
    if (parameters.length !== this.size) throw new ConfigurationError(`effective action "${this.name}": got ${parameters.length} parameters, expected ${this.size} (${this.names.join(", ")})`);
    const { parts } = this.#shared;
    const next = (k: number, x: unknown): unknown => (x instanceof Tensor ? new Tensor(x.shape, Float64Array.from({ length: x.size }, (_, j) => parameters[parts[k]!.from + j]!)) : parameters[parts[k]!.from]!);
    return new EffectiveAction(this.action.with(this.#replaced(this.action.inputs, next) as I), this.trainable, this.#shared);
  }

  /** A branch of the inputs with the current theta, for instance the weights of the network. */
  input(name: string): unknown {
    guard(`effective action "${this.name}"`, { name: [name, is.text] });
    return valueAt(this.action.inputs, name.split("."));
  }

  /** S_theta[U]. */
  value(U: LinkField<N>): number {
    return this.action.value(U);
  }

  /** Force field of S_theta. */
  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N> {
    return into ? this.action.force(U, into) : this.action.force(U);
  }

  /** S_theta[U], with the force written into `into`. */
  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number {
    return this.action.valueAndForce(U, into);
  }

  /** S_theta[U] and dS_theta/dtheta. `fields` stand for the action's own fields, in the order of `this.fields`. */
  valueAndGradient(U: LinkField<N>, fields: readonly Field[] = this.fields): ValueAndGradient {
    const plan = this.#shared.gradient.get(U, () => {
      const f = (V: Links<N>, inputs: TracedOf<I>): unknown => this.#differentiated(inputs, (x) => this.action.evaluate(V, x));
      return new Plan(f as never, [U, this.action.inputs]);
    });
    return read(plan.run(U, this.#inputsOn(fields)));
  }

  /**
   * |F_theta - F|^2 = sum over links of (X, X) with X = F_theta - F and (X, Y) = -2 tr(X Y) (U(1): -X Y), and its derivative with
   * respect to theta: a gradient inside a loss, second derivatives of S_theta by nesting.
   */
  forceMismatch(U: LinkField<N>, F: AlgebraField<N>, fields: readonly Field[] = this.fields): ValueAndGradient {
    const plan = this.#shared.mismatch.get(U, () => {
      const f = (V: Links<N>, G: Algebras<N>, inputs: TracedOf<I>): unknown =>
        this.#differentiated(inputs, (x) => {
          const force = grad((W: Links<N>) => this.action.evaluate(W, x))(V) as Algebras<N>;
          const difference = force.map((mu) => sub(force[mu]!, G[mu]!));
          return pairing(difference, difference);
        });
      return new Plan(f as never, [U, F, this.action.inputs]);
    });
    return read(plan.run(U, F, this.#inputsOn(fields)));
  }

  /** Value and gradient with respect to theta alone of a scalar of the traced inputs. */
  #differentiated(inputs: TracedOf<I>, f: (inputs: TracedOf<I>) => Scalar): unknown {
    const theta = this.#shared.parts.map(({ path }) => valueAt(inputs, path) as Weight);
    return valueAndGrad((t: readonly Weight[]) => f(this.#replaced(inputs, (k) => t[k]!) as TracedOf<I>))(theta as never);
  }

  /** The inputs with the k-th trainable number or tensor replaced. */
  #replaced(inputs: unknown, next: (k: number, x: unknown) => unknown): unknown {
    const places = new Map(this.#shared.parts.map(({ path }, k) => [nameOf(path), k]));
    return mapLeaves(inputs, (x, path) => {
      const k = places.get(nameOf(path));
      return k === undefined ? x : next(k, x);
    });
  }

  /** The inputs with other fields in the places of the action's own. */
  #inputsOn(fields: readonly Field[]): unknown {
    if (fields === this.fields) return this.action.inputs;
    if (fields.length !== this.fields.length) throw new ConfigurationError(`effective action "${this.name}": got ${fields.length} fields, expected ${this.fields.length}: pass stored values of all its pseudofermions`);
    return mapLeaves(this.action.inputs, (x) => (x instanceof Field ? fields[this.fields.indexOf(x as Field)] : x));
  }
}

/** The parts of theta that the names select, in their order. */
function selected<N extends number, I>(action: GaugeAction<N, I>, trainable: readonly string[]): Shared {
  const all = leavesOf(action.inputs).filter(({ value }) => typeof value === "number" || value instanceof Tensor);
  const there = all.map(({ path }) => nameOf(path));
  const found = trainable.flatMap((name) => {
    const own = all.filter((_, k) => there[k] === name || there[k]!.startsWith(`${name}.`));
    if (own.length === 0)
      throw new ConfigurationError(`effective action "${action.name}": got "${name}" as trainable, expected one of its inputs ${there.join(", ") || "(it has none)"}, or a branch of them`);
    return own;
  });
  if (found.length === 0) throw new ConfigurationError(`effective action "${action.name}": got nothing trainable, expected at least one of ${there.join(", ")}`);
  const leaves = found.map(({ path }) => nameOf(path));
  if (new Set(leaves).size < leaves.length) throw new ConfigurationError(`effective action "${action.name}": got an input twice among ${leaves.join(", ")}, expected each once`);
  const names: string[] = [];
  const parts = found.map(({ value, path }, k): Part => {
    const from = names.length;
    if (value instanceof Tensor) for (let j = 0; j < value.size; j++) names.push(`${leaves[k]!}.${j}`);
    else names.push(leaves[k]!);
    return { path, from };
  });
  return { parts, names, gradient: new PerLattice(), mismatch: new PerLattice() };
}

/** All numbers, one part after the other. */
function flat(parts: readonly (number | Tensor)[]): Float64Array {
  const all = new Float64Array(parts.reduce<number>((n, x) => n + (typeof x === "number" ? 1 : x.size), 0));
  let at = 0;
  for (const x of parts) {
    if (typeof x === "number") all[at++] = x;
    else {
      all.set(x.data, at);
      at += x.size;
    }
  }
  return all;
}

function read(result: unknown): ValueAndGradient {
  const { value, grad: g } = result as { value: number; grad: readonly (number | Tensor)[] };
  return { value, gradient: flat(g) };
}

/** Parts of an effective action in the form of self-learning HMC. */
export interface EffectiveParts<N extends number, G, F, P> {
  /** S_gauge, of the thin links. */
  readonly gauge: GaugeAction<NoInfer<N>, G> | GaugeAction<number, G>;
  /** S_f[phi, .] with the mass of the molecular dynamics. */
  readonly fermions: GaugeAction<N, F>;
  /** The map whose output the fermions see. */
  readonly network: Smearing<NoInfer<N>, P> | Smearing<number, P>;
  /** Trainable inputs: "network" (the default), "gauge", "gauge.beta", "fermions.mass", "network.0.rho", ... */
  readonly trainable?: readonly string[];
}

/** Inputs of `effectiveAction`. */
export interface EffectiveInputs<G, F, P> {
  readonly gauge: G;
  readonly fermions: F;
  readonly network: P;
}

/**
 * S_theta[U] = S_gauge[U] + S_f[phi, network(U)] (arXiv:2103.11965). Couplings of S_gauge and the mass of S_f can be trainable too, since a
 * ratio of determinants is in good part a shift of beta: `gauge: loopAction({ beta, loops: [{ name: "plaquette", weight: 1 }, { name:
 * "polyakov-t", weight: 0 }] })` with `trainable: ["network", "gauge.weights", "fermions.mass"]`.
 * @throws ConfigurationError for a trainable input that does not exist.
 */
export function effectiveAction<N extends number, G, F, P>(parts: EffectiveParts<N, G, F, P>): EffectiveAction<N, EffectiveInputs<G, F, P>> {
  guard("effectiveAction", { parts: [parts, is.keysOf("gauge", "fermions", "network", "trainable")] });
  const { gauge, fermions, network, trainable = ["network"] } = parts;
  const recorded = is.withMethods("a recorded action", "evaluate");
  guard("effectiveAction", { gauge: [gauge, recorded], fermions: [fermions, recorded], network: [network, is.withMethods("a layer or network", "forward")], trainable: [trainable, is.listOf(is.text)] });
  const evaluate = (U: Links<N>, x: EffectiveInputs<TracedOf<G>, TracedOf<F>, TracedOf<P>>): Scalar =>
    add(gauge.evaluate(U, x.gauge), fermions.evaluate(network.forward(U, x.network) as Links<N>, x.fermions));
  const inputs = { gauge: gauge.inputs, fermions: fermions.inputs, network: network.parameters };
  return new EffectiveAction(new GaugeAction<N, EffectiveInputs<G, F, P>>(`${gauge.name} + ${fermions.name} after ${network.name}`, inputs, evaluate as never), trainable);
}
