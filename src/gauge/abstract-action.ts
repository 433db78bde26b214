/** What all actions share: a recorded scalar function of fields and of further inputs, with value, force and parameter gradient from one recording. */
import { type ConcreteOf, Field, Plan, type Scalar, type ScalarType, type TracedOf, expectInputs, expectTracedInputs, readNumber, recordOnce, returnedScalar, valueAndGrad } from "../autograd/index.ts";
import { guard, is } from "../util/index.ts";
import { PerStructure } from "./per-lattice.ts";

/** A function of traced fields X and inputs I. */
export type Evaluate<X, I> = (fields: X, inputs: TracedOf<I>) => Scalar;

type AnyPlan = Plan<readonly unknown[], never>;

/** Recordings of one `evaluate`; shared by actions that differ in their inputs only. */
export interface Recordings {
  readonly value: PerStructure<AnyPlan>;
  /** Without S: nobody looks at it during a trajectory, and for U(1) its sum over the sites takes half as long as the force. */
  readonly force: PerStructure<AnyPlan>;
  /** With S, and the scalar that receives it. */
  readonly both: PerStructure<{ readonly plan: AnyPlan; readonly scalar: Field<ScalarType> }>;
  readonly gradient: PerStructure<AnyPlan>;
}

/** What an action is made of besides its name, its inputs and its function. */
export interface ActionParts<X, F, I> {
  readonly accept?: ((inputs: I) => void) | undefined;
  readonly recordings?: Recordings | undefined;
  /** Throws for arguments of the recorded function that are not what it is a function of. */
  readonly enter: (args: readonly unknown[]) => void;
  /** Throws for fields that the action is no function of. */
  readonly expectFields: (x: X) => void;
  /** New fields for the force. */
  readonly forceLike: (x: X) => F;
  /** The gradient on traced fields as a force; default as it is. */
  readonly asForce?: (gradient: unknown) => unknown;
}

/** X: fields with values, T: the same traced, F: their force. */
export class AbstractAction<X extends object, T, F, I> {
  readonly name: string;
  /** Current values of everything but the fields. */
  readonly inputs: I;
  /** The formula on traced values, recorded once for each lattice and types of fields: what it captures is read then. */
  readonly evaluate: Evaluate<T, I>;
  /** Throws for inputs for which the recorded formula does not hold. */
  readonly accept: (inputs: I) => void;
  protected readonly recordings: Recordings;
  readonly #parts: Pick<ActionParts<X, F, I>, "expectFields" | "forceLike" | "asForce">;

  constructor(name: string, inputs: I, evaluate: Evaluate<T, I>, parts: ActionParts<X, F, I>) {
    const { accept = () => undefined, recordings, enter } = parts;
    expectInputs(name, inputs);
    accept(inputs);
    this.name = name;
    this.inputs = inputs;
    this.evaluate = recordOnce(evaluate, (y) => void returnedScalar(name, y), ([x, given]) => {
      enter([x]);
      if (given !== undefined || !isEmpty(inputs)) expectTracedInputs(`${name}.evaluate`, given, inputs);
    });
    this.accept = accept;
    this.#parts = parts;
    this.recordings = recordings ?? { value: new PerStructure(), force: new PerStructure(), both: new PerStructure(), gradient: new PerStructure() };
  }

  /** S of these fields. */
  value(x: X): number {
    return this.#value(x).run(x, this.inputs) as number;
  }

  /** S written into a scalar field, to be read later: an engine that computes elsewhere need not be waited for. */
  valueInto(x: X, into: Field<ScalarType>): void {
    this.#value(x).runInto(into as never, x, this.inputs);
  }

  /** Force, written into `into` when given: of links sum_a T_a d/ds S(exp(s T_a) U), of algebra fields sum_a T_a dS/dx^a, of others the derivative by every real component. */
  force(x: X, into?: F): F {
    this.#parts.expectFields(x);
    const to = into ?? this.#parts.forceLike(x);
    guard(this.name, { into: [to, is.object] });
    this.#force(x).runInto({ force: to } as never, x, this.inputs);
    return to;
  }

  /** S, with the force written into `into`; one pass, one solve. */
  valueAndForce(x: X, into: F): number {
    this.#parts.expectFields(x);
    guard(this.name, { into: [into, is.object] });
    const { plan, scalar } = this.recordings.both.get(x, () => {
      const made = this.#derivative(x, true);
      const { nodes, outputs } = made.program;
      return { plan: made, scalar: new Field(made.lattice, nodes[outputs[0]!]!.type as ScalarType) };
    });
    plan.runInto({ value: scalar, force: into } as never, x, this.inputs);
    return readNumber(scalar);
  }

  /** S and its gradient with respect to every input (numbers give numbers, fields give cotangent fields), which belong to the caller. */
  parameterGradient(x: X): { value: number; gradient: I } {
    this.#parts.expectFields(x);
    if (isEmpty(this.inputs)) return { value: this.value(x), gradient: this.inputs };
    const plan = this.recordings.gradient.get(x, () => {
      const f = (y: T, p: TracedOf<I>): { value: Scalar; gradient: unknown } => {
        const r = valueAndGrad((q: TracedOf<I>) => this.evaluate(y, q))(p) as { value: Scalar; grad: unknown };
        return { value: r.value, gradient: r.grad };
      };
      return new Plan(f as never, [x, this.inputs]);
    });
    return plan.fresh(x, this.inputs) as ConcreteOf<{ value: Scalar; gradient: unknown }> as { value: number; gradient: I };
  }

  /** The compiled force program: kernels, flop and bytes per site. */
  describe(x: X): string {
    this.#parts.expectFields(x);
    return this.#force(x).describe();
  }

  #value(x: X): AnyPlan {
    this.#parts.expectFields(x);
    return this.recordings.value.get(x, () => new Plan(this.evaluate as never, [x, this.inputs]));
  }

  #force(x: X): AnyPlan {
    return this.recordings.force.get(x, () => this.#derivative(x, false));
  }

  #derivative(x: X, withValue: boolean): AnyPlan {
    const f = (y: T, p: TracedOf<I>): unknown => {
      const { value, grad } = valueAndGrad((z: T) => this.evaluate(z, p))(y) as { value: Scalar; grad: unknown };
      const force = this.#parts.asForce?.(grad) ?? grad;
      return withValue ? { value, force } : { force };
    };
    return new Plan(f as never, [x, this.inputs]);
  }
}

/** True for a structure without values. */
const isEmpty = (x: unknown): boolean => typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype && Object.values(x).every(isEmpty);
