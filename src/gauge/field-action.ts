/** Actions of several named fields: site scalars alone, or matter together with links. */
import { Directional, DirectionalField, Field, type Scalar, type TracedOf, type Matrix, add, expectInputs, metric, scaleBy } from "../autograd/index.ts";
import { ConfigurationError, RecordingError } from "../errors.ts";
import { describe, guard, is } from "../util/index.ts";
import { type FieldKinds, type FieldsOf, type ForcesOf, type TracedFields, expectFields, fieldKinds } from "./configuration.ts";
import { type Evaluate, AbstractAction, type Recordings } from "./abstract-action.ts";

/**
 * S of named fields, with value, force and parameter gradient from one recording. Fields that are there besides those of `fields` take no part: their force is
 * zero. Make one with `fieldAction`, `scalarAction`, or of an action of links with `on`.
 */
export class FieldAction<K extends FieldKinds = FieldKinds, N extends number = number, I = unknown> extends AbstractAction<FieldsOf<K, N>, TracedFields<K, N>, ForcesOf<K, N>, I> {
  /** Kinds of the fields by name. */
  readonly fields: K;

  constructor(name: string, fields: K, inputs: I, evaluate: Evaluate<TracedFields<K, N>, I>, options: { readonly accept?: ((inputs: I) => void) | undefined; readonly recordings?: Recordings } = {}) {
    guard("fieldAction", { name: [name, is.text], fields: [fields, fieldKinds], evaluate: [evaluate, is.callable], options: [options, is.keysOf("accept", "recordings")] });
    super(name, inputs, evaluate, {
      ...options,
      enter: ([x]) => expectTraced(name, x, fields),
      expectFields: (x) => expectFields(name, x, fields),
      forceLike: (x) => forceLike(x) as ForcesOf<K, N>,
      asForce: (gradient) => asForce(gradient, fields),
    });
    this.fields = fields;
  }

  /** The same action with other inputs of the same structure; recordings are shared. */
  with(inputs: I): FieldAction<K, N, I> {
    expectInputs(`${this.name}.with`, inputs, this.inputs);
    return new FieldAction(this.name, this.fields, inputs, this.evaluate, { accept: this.accept, recordings: this.recordings });
  }

  /**
   * The sum, a function of the fields of both; fields of one name are the same field.
   * @throws ConfigurationError for a name that has another kind there.
   */
  plus<L extends FieldKinds, J>(other: FieldAction<L, N, J> | FieldAction<L, number, J>): FieldAction<K & L, N, { first: I; second: J }> {
    guard(`${this.name}.plus`, { "the other action": [other, is.instanceOf(FieldAction, "an action of named fields: one of links becomes one with on(name)")] });
    const twice = Object.keys(other.fields).find((name) => Object.hasOwn(this.fields, name) && JSON.stringify(other.fields[name]) !== JSON.stringify(this.fields[name]));
    if (twice !== undefined) throw new ConfigurationError(`${this.name}.plus: got ${JSON.stringify(other.fields[twice])} as the kind of ${twice}, expected ${JSON.stringify(this.fields[twice])}: give different fields different names`);
    const evaluate = (x: never, inputs: { first: TracedOf<I>; second: TracedOf<J> }): Scalar => add(this.evaluate(x, inputs.first), (other as FieldAction<L, N, J>).evaluate(x, inputs.second));
    const accept = (inputs: { first: I; second: J }): void => {
      this.accept(inputs.first);
      other.accept(inputs.second);
    };
    return new FieldAction(`${this.name} + ${other.name}`, { ...this.fields, ...other.fields } as K & L, { first: this.inputs, second: other.inputs }, evaluate as never, { accept });
  }
}

/** The gradient is paired by Re tr(X^+ Y), the components of algebra fields by -2 tr(X Y). */
const asForce = (gradient: unknown, fields: FieldKinds): unknown => Object.fromEntries(Object.entries(gradient as Record<string, Matrix>).map(([name, g]) => [name, fields[name] === "algebra" ? scaleBy(1 / metric(g.type.N), g) : g]));

const forceLike = (x: object): unknown => Object.fromEntries(Object.entries(x).map(([name, field]) => [name, field instanceof DirectionalField ? new DirectionalField(field.lattice, field.N as number, "algebra") : new Field((field as Field).lattice, (field as Field).type)]));

function expectTraced(where: string, x: unknown, fields: FieldKinds): void {
  const missing = Object.keys(fields).find((name) => {
    const given = typeof x === "object" && x !== null ? (x as Record<string, unknown>)[name] : undefined;
    return given === undefined || (fields[name] === "links") !== (given instanceof Directional);
  });
  if (missing !== undefined) throw new RecordingError(`${where}.evaluate: got ${describe(x)}, expected the traced fields ${Object.keys(fields).join(", ")} by name, with ${missing}`);
}

/**
 * An action of named fields from its forward map: `fieldAction({ name, fields: { U: "links", phi: "vector" }, inputs: { kappa: 0.3 }, evaluate: ({ U, phi }, { kappa }) => ... })`.
 * `inputs` are the values of everything besides the fields, traced in the same structure.
 */
export function fieldAction<const K extends FieldKinds, N extends number = number, I = Record<string, never>>(definition: {
  readonly name: string;
  readonly fields: K;
  readonly inputs?: I;
  readonly evaluate: (fields: TracedFields<K, N>, inputs: TracedOf<I>) => Scalar;
}): FieldAction<K, N, I> {
  guard("fieldAction", { "the definition": [definition, is.keysOf("name", "fields", "inputs", "evaluate")] });
  return new FieldAction(definition.name, definition.fields, (definition.inputs ?? {}) as I, definition.evaluate);
}
