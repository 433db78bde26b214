/**
 * Actions: a recorded scalar function of the links and of further inputs (couplings, network weights, pseudofermions). Value, force, parameter
 * gradient and every action made from it come from one recording; samplers see only `Action`.
 */
import { type AlgebraField, DirectionalField, type Field, type Lattice, type LinkField, type Links, type Scalar, type ScalarType, type TracedOf, add, expectInputs, kind, returnedLinks } from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";
import { FieldAction } from "./field-action.ts";
import { type Evaluate, AbstractAction, type Recordings } from "./abstract-action.ts";

/** What a sampler needs: a real function of the links and its force field F = sum_a T_a d/ds S(exp(s T_a) U). */
export interface Action<N extends number = number> {
  readonly name: string;
  /** S[U]. */
  value(U: LinkField<N>): number;
  /** Force field, written into `into` when given. */
  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N>;
  /** S[U] written into a scalar field, for callers that read it later; absent where there is nothing to wait for. */
  valueInto?(U: LinkField<N>, into: Field<ScalarType>): void;
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

/** A gauge action that the tape differentiates. Make one with `action` or `gaugeAction`. */
export class GaugeAction<N extends number = number, I = unknown> extends AbstractAction<LinkField<N>, Links<N>, AlgebraField<N>, I> implements Action<N> {
  /** S = sum_n sum_l w_l (1 - Re tr L_l(n)/N) for actions that are linear in loops: what heatbath updates need. */
  readonly loops: ((lattice: Lattice, inputs: I) => WeightedLoop[]) | undefined;

  constructor(name: string, inputs: I, evaluate: Evaluate<Links<N>, I>, options: { readonly accept?: (inputs: I) => void; readonly loops?: ((lattice: Lattice, inputs: I) => WeightedLoop[]) | undefined; readonly recordings?: Recordings } = {}) {
    guard("action", { name: [name, is.text], evaluate: [evaluate, is.callable], options: [options, is.keysOf("accept", "loops", "recordings")] });
    const { accept, loops, recordings } = options;
    super(name, inputs, evaluate, {
      accept, recordings, enter: ([U]) => guard(`${name}.evaluate`, { U: [U, kind.links] }),
      expectFields: (U) => {
        if (!kind.linkField.holds(U)) guard(name, { U: [U, kind.linkField] });
      },
      forceLike: (U) => new DirectionalField(U.lattice, U.N, "algebra"),
    });
    this.loops = loops;
  }

  /** S[U], with the force written into `into`; one pass, one solve. */
  override valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number {
    guard(this.name, { into: [into, kind.algebraField] });
    return super.valueAndForce(U, into);
  }

  /** The same action with other inputs of the same structure; recordings are shared. @throws what `accept` throws. */
  with(inputs: I): GaugeAction<N, I> {
    expectInputs(`${this.name}.with`, inputs, this.inputs);
    return new GaugeAction(this.name, inputs, this.evaluate, { accept: this.accept, loops: this.loops, recordings: this.recordings });
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

  /** The same as a function of named fields, of which the links have this name: what is added to the action of matter. */
  on<K extends string>(name: K): FieldAction<{ readonly [key in K]: "links" }, N, I> {
    guard(`${this.name}.on`, { name: [name, is.text] });
    const evaluate = (x: { readonly [key in K]: Links<N> }, inputs: TracedOf<I>): Scalar => this.evaluate(x[name], inputs);
    return new FieldAction(this.name, { [name]: "links" } as { readonly [key in K]: "links" }, this.inputs, evaluate as never, { accept: this.accept });
  }
}

/** An action from its forward map. `inputs` are the values of everything besides the links, traced in the same structure. */
export function action<N extends number = number, I = Record<string, never>>(definition: {
  readonly name: string;
  readonly inputs?: I;
  readonly evaluate: (U: Links<N>, inputs: TracedOf<I>) => Scalar;
}): GaugeAction<N, I> {
  guard("action", { "the definition": [definition, is.keysOf("name", "inputs", "evaluate")] });
  return new GaugeAction(definition.name, (definition.inputs ?? {}) as I, definition.evaluate);
}

