/**
 * Actions: a recorded scalar function of the links and of further inputs (couplings, network weights, pseudofermions). Value, force and
 * parameter gradient come from one recording; samplers see only `Action`.
 */
import {
  type AlgebraField,
  type Algebras,
  type ConcreteOf,
  DirectionalField,
  Field,
  type LinkField,
  type Links,
  type Lattice,
  Plan,
  type Scalar,
  type TracedOf,
  type ValueType,
  add,
  scalarType,
  valueAndGrad,
} from "../autograd/index.ts";

/** What a sampler needs: a real function of the links and its force field F = sum_a T_a d/ds S(exp(s T_a) U). */
export interface Action<N extends number = number> {
  readonly name: string;
  /** S[U]. */
  value(U: LinkField<N>): number;
  /** Force field, written into `into` when given. */
  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N>;
}

/** A map of link fields with parameters: what `layer` makes. */
export interface Smearing<N extends number = number, P = unknown> {
  readonly name: string;
  /** Parameter values, the example for recording. */
  readonly parameters: P;
  readonly forward: (U: Links<N>, parameters: TracedOf<P>) => Links<N>;
}

type Evaluate<N extends number, I> = (U: Links<N>, inputs: TracedOf<I>) => Scalar;

/** Recordings of one `evaluate`, per lattice; shared by actions that differ in their inputs only. */
interface Recordings {
  readonly scalar: WeakMap<Lattice, Field>;
  readonly value: WeakMap<Lattice, Plan<readonly unknown[], Scalar>>;
  readonly force: WeakMap<Lattice, Plan<readonly unknown[], { value: Scalar; force: Algebras }>>;
  readonly gradient: WeakMap<Lattice, Plan<readonly unknown[], { value: Scalar; gradient: unknown }>>;
}

/** A gauge action that the tape differentiates. Make one with `action` or `gaugeAction`. */
export class GaugeAction<N extends number = number, I = unknown> implements Action<N> {
  readonly name: string;
  /** Current values of everything but the links. */
  readonly inputs: I;
  readonly evaluate: Evaluate<N, I>;
  /** Throws for inputs for which the recorded formula does not hold. */
  readonly accept: (inputs: I) => void;
  readonly #recordings: Recordings;

  constructor(name: string, inputs: I, evaluate: Evaluate<N, I>, options: { readonly accept?: (inputs: I) => void; readonly recordings?: Recordings } = {}) {
    const { accept = () => undefined, recordings } = options;
    accept(inputs);
    this.name = name;
    this.inputs = inputs;
    this.evaluate = evaluate;
    this.accept = accept;
    this.#recordings = recordings ?? { scalar: new WeakMap(), value: new WeakMap(), force: new WeakMap(), gradient: new WeakMap() };
  }

  value(U: LinkField<N>): number {
    let plan = this.#recordings.value.get(U.lattice);
    if (!plan) this.#recordings.value.set(U.lattice, (plan = new Plan(this.evaluate as never, [U, this.inputs])));
    return plan.run(U, this.inputs) as number;
  }

  force(U: LinkField<N>, into: AlgebraField<N> = new DirectionalField(U.lattice, U.N, "algebra")): AlgebraField<N> {
    this.valueAndForce(U, into);
    return into;
  }

  /** S[U], with the force written into `into`; one pass, one solve. */
  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number {
    const plan = this.#forcePlan(U);
    const value = this.#valueOn(U.lattice);
    plan.runInto({ value, force: into } as never, U, this.inputs);
    return U.lattice.engine.readScalar(value.storage);
  }

  /** S[U] and its gradient with respect to every input (numbers give numbers, fields give cotangent fields). */
  parameterGradient(U: LinkField<N>): { value: number; gradient: I } {
    let plan = this.#recordings.gradient.get(U.lattice);
    if (!plan) {
      const f = (V: Links<N>, p: TracedOf<I>): { value: Scalar; gradient: unknown } => {
        const r = valueAndGrad((q: TracedOf<I>) => this.evaluate(V, q))(p) as { value: Scalar; grad: unknown };
        return { value: r.value, gradient: r.grad };
      };
      this.#recordings.gradient.set(U.lattice, (plan = new Plan(f as never, [U, this.inputs])));
    }
    return plan.run(U, this.inputs) as ConcreteOf<{ value: Scalar; gradient: unknown }> as { value: number; gradient: I };
  }

  /** The same action with other inputs of the same structure; recordings are shared. @throws what `accept` throws. */
  with(inputs: I): GaugeAction<N, I> {
    return new GaugeAction(this.name, inputs, this.evaluate, { accept: this.accept, recordings: this.#recordings });
  }

  /** S[f(U)]: the action of smeared links, as a function of the thin links. */
  after<P>(layer: Smearing<N, P> | Smearing<number, P>): GaugeAction<N, { action: I; layer: P }> {
    const evaluate = (U: Links<N>, inputs: { action: TracedOf<I>; layer: TracedOf<P> }): Scalar => this.evaluate(layer.forward(U, inputs.layer) as Links<N>, inputs.action);
    return new GaugeAction(`${this.name} after ${layer.name}`, { action: this.inputs, layer: layer.parameters }, evaluate as never, { accept: (inputs) => this.accept(inputs.action) });
  }

  /** Sum of two actions; one for links of every N takes the other's N. */
  plus<M extends N, J>(other: GaugeAction<M, J>): GaugeAction<M, { first: I; second: J }> {
    const evaluate = (U: Links<M>, inputs: { first: TracedOf<I>; second: TracedOf<J> }): Scalar => add(this.evaluate(U, inputs.first), other.evaluate(U, inputs.second));
    const accept = (inputs: { first: I; second: J }): void => {
      this.accept(inputs.first);
      other.accept(inputs.second);
    };
    return new GaugeAction(`${this.name} + ${other.name}`, { first: this.inputs, second: other.inputs }, evaluate as never, { accept });
  }

  /** The compiled force program: kernels, flop and bytes per site. */
  describe(U: LinkField<N>): string {
    return this.#forcePlan(U).describe();
  }

  /** The scalar that receives S in a force evaluation. */
  #valueOn(lattice: Lattice): Field {
    let f = this.#recordings.scalar.get(lattice);
    if (!f) this.#recordings.scalar.set(lattice, (f = new Field(lattice, scalarType as ValueType)));
    return f;
  }

  #forcePlan(U: LinkField<N>): Plan<readonly unknown[], { value: Scalar; force: Algebras }> {
    let plan = this.#recordings.force.get(U.lattice);
    if (!plan) {
      const f = (V: Links<N>, p: TracedOf<I>): unknown => {
        const r = valueAndGrad((W: Links<N>) => this.evaluate(W, p))(V) as { value: Scalar; grad: unknown };
        return { value: r.value, force: r.grad };
      };
      this.#recordings.force.set(U.lattice, (plan = new Plan(f as never, [U, this.inputs]) as Plan<readonly unknown[], { value: Scalar; force: Algebras }>));
    }
    return plan;
  }
}

/** An action from its forward map. `inputs` are the values of everything besides the links, traced in the same structure. */
export function action<N extends number = number, I = Record<string, never>>(definition: {
  readonly name: string;
  readonly inputs?: I;
  readonly evaluate: (U: Links<N>, inputs: TracedOf<I>) => Scalar;
}): GaugeAction<N, I> {
  return new GaugeAction(definition.name, (definition.inputs ?? {}) as I, definition.evaluate);
}

