/**
 * Actions: a recorded scalar function of the links and of further inputs (couplings, network weights, pseudofermions). Value, force, parameter
 * gradient and every action made from it come from one recording; samplers see only `Action`.
 */
import {
  type AlgebraField,
  type Algebras,
  type ConcreteOf,
  DirectionalField,
  Field,
  type Lattice,
  type LinkField,
  type Links,
  Plan,
  type Scalar,
  type ScalarType,
  type TracedOf,
  add,
  expectInputs,
  kind,
  readNumber,
  recordOnce,
  returnedLinks,
  returnedScalar,
  valueAndGrad,
} from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";
import { PerLattice } from "./per-lattice.ts";

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

/** A closed path with its weight, one loop based at every site. */
export interface WeightedLoop {
  readonly path: readonly number[];
  readonly weight: number;
}

type Evaluate<N extends number, I> = (U: Links<N>, inputs: TracedOf<I>) => Scalar;

/** Recordings of one `evaluate`; shared by actions that differ in their inputs only. */
interface Recordings {
  readonly value: PerLattice<Plan<readonly unknown[], Scalar>>;
  /** The plan, and the scalar that receives S in a force evaluation. */
  readonly force: PerLattice<{ readonly plan: Plan<readonly unknown[], { value: Scalar; force: Algebras }>; readonly scalar: Field<ScalarType> }>;
  readonly gradient: PerLattice<Plan<readonly unknown[], { value: Scalar; gradient: unknown }>>;
}

/** A gauge action that the tape differentiates. Make one with `action` or `gaugeAction`. */
export class GaugeAction<N extends number = number, I = unknown> implements Action<N> {
  readonly name: string;
  /** Current values of everything but the links. */
  readonly inputs: I;
  /** The formula on traced values, recorded once for each lattice and N: what it captures is read then. */
  readonly evaluate: Evaluate<N, I>;
  /** Throws for inputs for which the recorded formula does not hold. */
  readonly accept: (inputs: I) => void;
  /** S = sum_n sum_l w_l (1 - Re tr L_l(n)/N) for actions that are linear in loops: what heatbath updates need. */
  readonly loops: ((lattice: Lattice, inputs: I) => WeightedLoop[]) | undefined;
  readonly #recordings: Recordings;

  constructor(name: string, inputs: I, evaluate: Evaluate<N, I>, options: { readonly accept?: (inputs: I) => void; readonly loops?: ((lattice: Lattice, inputs: I) => WeightedLoop[]) | undefined; readonly recordings?: Recordings } = {}) {
    guard("action", { name: [name, is.text], evaluate: [evaluate, is.callable], options: [options, is.keysOf("accept", "loops", "recordings")] });
    const { accept = () => undefined, loops, recordings } = options;
    expectInputs(name, inputs);
    accept(inputs);
    this.name = name;
    this.inputs = inputs;
    this.evaluate = recordOnce(evaluate, (y) => void returnedScalar(name, y), ([U, x]) => guard(`${name}.evaluate`, { U: [U, kind.links], inputs: [x ?? (isEmpty(inputs) ? {} : x), is.present] }));
    this.accept = accept;
    this.loops = loops;
    this.#recordings = recordings ?? { value: new PerLattice(), force: new PerLattice(), gradient: new PerLattice() };
  }

  value(U: LinkField<N>): number {
    this.#expectLinks(U);
    return this.#recordings.value.get(U, () => new Plan(this.evaluate as never, [U, this.inputs])).run(U, this.inputs) as number;
  }

  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N> {
    this.#expectLinks(U);
    const F = into ?? new DirectionalField(U.lattice, U.N, "algebra");
    guard(this.name, { into: [F, kind.algebraField] });
    this.#forceInto(U, F);
    return F;
  }

  /** S[U], with the force written into `into`; one pass, one solve. */
  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number {
    this.#expectLinks(U);
    guard(this.name, { into: [into, kind.algebraField] });
    return readNumber(this.#forceInto(U, into));
  }

  /** S[U] and its gradient with respect to every input (numbers give numbers, fields give cotangent fields), which belong to the caller. */
  parameterGradient(U: LinkField<N>): { value: number; gradient: I } {
    this.#expectLinks(U);
    const plan = this.#recordings.gradient.get(U, () => {
      const f = (V: Links<N>, p: TracedOf<I>): { value: Scalar; gradient: unknown } => {
        const r = valueAndGrad((q: TracedOf<I>) => this.evaluate(V, q))(p) as { value: Scalar; grad: unknown };
        return { value: r.value, gradient: r.grad };
      };
      return new Plan(f as never, [U, this.inputs]);
    });
    return plan.fresh(U, this.inputs) as ConcreteOf<{ value: Scalar; gradient: unknown }> as { value: number; gradient: I };
  }

  /** The same action with other inputs of the same structure; recordings are shared. @throws what `accept` throws. */
  with(inputs: I): GaugeAction<N, I> {
    expectInputs(`${this.name}.with`, inputs, this.inputs);
    return new GaugeAction(this.name, inputs, this.evaluate, { accept: this.accept, loops: this.loops, recordings: this.#recordings });
  }

  /** S[f(U)]: the action of smeared links, as a function of the thin links. */
  after<P>(layer: Smearing<N, P> | Smearing<number, P>): GaugeAction<N, { action: I; layer: P }> {
    guard(`${this.name}.after`, { layer: [layer, is.withMethods("a layer (name, parameters, forward)", "forward")] });
    const evaluate = (U: Links<N>, inputs: { action: TracedOf<I>; layer: TracedOf<P> }): Scalar => this.evaluate(returnedLinks(`layer ${layer.name}`, layer.forward(U, inputs.layer), U), inputs.action);
    return new GaugeAction(`${this.name} after ${layer.name}`, { action: this.inputs, layer: layer.parameters }, evaluate as never, { accept: (inputs) => this.accept(inputs?.action) });
  }

  /** Sum of two actions; one for links of every N takes the other's N. */
  plus<M extends N, J>(other: GaugeAction<M, J>): GaugeAction<M, { first: I; second: J }> {
    guard(`${this.name}.plus`, { "the other action": [other, is.instanceOf(GaugeAction, "a recorded action")] });
    const evaluate = (U: Links<M>, inputs: { first: TracedOf<I>; second: TracedOf<J> }): Scalar => add(this.evaluate(U, inputs.first), other.evaluate(U, inputs.second));
    const accept = (inputs: { first: I; second: J }): void => {
      this.accept(inputs.first);
      other.accept(inputs.second);
    };
    return new GaugeAction(`${this.name} + ${other.name}`, { first: this.inputs, second: other.inputs }, evaluate as never, { accept });
  }

  /** The compiled force program: kernels, flop and bytes per site. */
  describe(U: LinkField<N>): string {
    this.#expectLinks(U);
    return this.#force(U).plan.describe();
  }

  #expectLinks(U: LinkField<N>): void {
    if (!kind.linkField.holds(U)) guard(this.name, { U: [U, kind.linkField] });
  }

  /** The field that has the value; an engine that computes elsewhere need not wait for it. */
  #forceInto(U: LinkField<N>, into: AlgebraField<N>): Field<ScalarType> {
    const { plan, scalar } = this.#force(U);
    plan.runInto({ value: scalar, force: into } as never, U, this.inputs);
    return scalar;
  }

  #force(U: LinkField<N>): { readonly plan: Plan<readonly unknown[], { value: Scalar; force: Algebras }>; readonly scalar: Field<ScalarType> } {
    return this.#recordings.force.get(U, () => {
      const f = (V: Links<N>, p: TracedOf<I>): unknown => {
        const r = valueAndGrad((W: Links<N>) => this.evaluate(W, p))(V) as { value: Scalar; grad: unknown };
        return { value: r.value, force: r.grad };
      };
      const plan = new Plan(f as never, [U, this.inputs]) as Plan<readonly unknown[], { value: Scalar; force: Algebras }>;
      return { plan, scalar: new Field(U.lattice, plan.program.nodes[plan.program.outputs[0]!]!.type as ScalarType) };
    });
  }
}

/** True for a structure without values. */
const isEmpty = (x: unknown): boolean => typeof x === "object" && x !== null && Object.keys(x).length === 0;

/** An action from its forward map. `inputs` are the values of everything besides the links, traced in the same structure. */
export function action<N extends number = number, I = Record<string, never>>(definition: {
  readonly name: string;
  readonly inputs?: I;
  readonly evaluate: (U: Links<N>, inputs: TracedOf<I>) => Scalar;
}): GaugeAction<N, I> {
  guard("action", { "the definition": [definition, is.keysOf("name", "inputs", "evaluate")] });
  return new GaugeAction(definition.name, (definition.inputs ?? {}) as I, definition.evaluate);
}

