/** Configurations to learn from: links, the pseudofermions that were drawn with them, and what the target says about them. */
import { kind, type AlgebraField, DirectionalField, Field, type FieldData, type LinkField, LiveValues, setFields } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import type { Action } from "../gauge/index.ts";
import { guard, is } from "../util/index.ts";

/** One configuration with its auxiliary fields. The target does not depend on theta, so its values are kept. */
export interface TrainingSample<N extends number = number> {
  readonly U: LinkField<N>;
  /** Values of the pseudofermions, in the order of `EffectiveAction.fields`. */
  readonly fields: readonly Field[];
  /** S[U, fields] of the target. */
  readonly value: number;
  /** Force field of the target, for force matching. */
  readonly force?: AlgebraField<N>;
  /** Where the trajectory that ended in U began, with the same fields. */
  readonly start?: { readonly U: LinkField<N>; readonly value: number };
}

/** What a sample holds besides U, its fields and the target's value. */
export interface SampleOptions<N extends number> {
  /** Keep the target's force. */
  readonly force?: boolean;
  /** First configuration of the trajectory. */
  readonly start?: LinkField<N>;
}

/** Copies U and the present values of `fields`, which the target refers to, and evaluates the target. */
export function takeSample<N extends number>(U: LinkField<N>, target: Action<N>, fields: readonly Field[], options: SampleOptions<N> = {}): TrainingSample<N> {
  guard("takeSample", { U: [U, kind.linkField], target: [target, is.withMethods("an action", "value", "force")], fields: [fields, is.listOf(kind.field)], options: [options, is.keysOf("force", "start")] });
  const { force = false, start } = options;
  return {
    U: U.clone(),
    fields: fields.map((f) => f.clone()),
    value: target.value(U),
    ...(force ? { force: target.force(U, new DirectionalField(U.lattice, U.N, "algebra")) } : {}),
    ...(start ? { start: { U: start.clone(), value: target.value(start) } } : {}),
  };
}

/** A sample as plain data, or with values by site. */
export interface StoredSample<F extends FieldData = readonly Float64Array[]> {
  readonly U: F;
  readonly fields: F;
  readonly value: number;
  readonly force?: F;
  readonly start?: { readonly U: F; readonly value: number };
}

function stored<N extends number, F extends FieldData>(sample: TrainingSample<N>, values: (fields: readonly Field[]) => F): StoredSample<F> {
  guard("storeSample", { sample: [sample, is.object] });
  const { U, fields, value, force, start } = sample;
  guard("storeSample", { U: [U, kind.linkField] });
  return {
    U: values(U.fields),
    fields: values(fields),
    value,
    ...(force ? { force: values(force.fields) } : {}),
    ...(start ? { start: { U: values(start.U.fields), value: start.value } } : {}),
  };
}

/** The numbers of a sample. */
export function storeSample<N extends number>(sample: TrainingSample<N>): StoredSample {
  return stored(sample, (fields) => fields.map((f) => f.toArray()));
}

/** A sample for a checkpoint, which reads its fields (`LiveValues`) when it is written: no process has more than its own sites, and nothing is copied before. */
export function liveSample<N extends number>(sample: TrainingSample<N>): StoredSample<FieldData> {
  return stored(sample, (fields) => (fields.length > 0 ? new LiveValues(fields) : []));
}

/** The sample of stored numbers, on the lattice of U and with the types of `fields`. @throws GeometryError when the numbers do not fit. */
export function restoreSample<N extends number>(stored: StoredSample<FieldData>, U: LinkField<N>, fields: readonly Field[]): TrainingSample<N> {
  guard("restoreSample", { stored: [stored, is.object], U: [U, kind.linkField], fields: [fields, is.listOf(kind.field)] });
  const make = <R extends "links" | "algebra">(role: R, data: FieldData): DirectionalField<N, R> => {
    const made = new DirectionalField(U.lattice, U.N, role);
    setFields(made.fields, data);
    return made;
  };
  const own = fields.map(({ type }) => new Field(U.lattice, type));
  if (own.length > 0) setFields(own, stored.fields);
  else if (!Array.isArray(stored.fields) || stored.fields.length > 0) throw new GeometryError("restoreSample: got the numbers of pseudofermions, expected none, as the action has no such fields: take the samples of its own training");
  return {
    U: make("links", stored.U),
    fields: own,
    value: stored.value,
    ...(stored.force ? { force: make("algebra", stored.force) } : {}),
    ...(stored.start ? { start: { U: make("links", stored.start.U), value: stored.start.value } } : {}),
  };
}
