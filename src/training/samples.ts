/** Configurations to learn from: links, the pseudofermions that were drawn with them, and what the target says about them. */
import { kind, type AlgebraField, DirectionalField, Field, type LinkField } from "../autograd/index.ts";
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

/** A sample as plain data. */
export interface StoredSample {
  readonly U: readonly Float64Array[];
  readonly fields: readonly Float64Array[];
  readonly value: number;
  readonly force?: readonly Float64Array[];
  readonly start?: { readonly U: readonly Float64Array[]; readonly value: number };
}

const arrays = (x: DirectionalField): Float64Array[] => x.fields.map((f) => f.toArray());

/** The numbers of a sample. */
export function storeSample<N extends number>(options: TrainingSample<N>): StoredSample {
  guard("storeSample", { options: [options, is.object] });
  const { U, fields, value, force, start } = options;
  guard("storeSample", { U: [U, kind.linkField] });
  return {
    U: arrays(U),
    fields: fields.map((f) => f.toArray()),
    value,
    ...(force ? { force: arrays(force) } : {}),
    ...(start ? { start: { U: arrays(start.U), value: start.value } } : {}),
  };
}

/** The sample of stored numbers, on the lattice of U and with the types of `fields`. @throws GeometryError when the numbers do not fit. */
export function restoreSample<N extends number>(stored: StoredSample, U: LinkField<N>, fields: readonly Field[]): TrainingSample<N> {
  guard("restoreSample", { stored: [stored, is.object], U: [U, kind.linkField], fields: [fields, is.listOf(kind.field)] });
  const make = <R extends "links" | "algebra">(role: R, data: readonly Float64Array[]): DirectionalField<N, R> => new DirectionalField(U.lattice, U.N, role).set(data);
  return {
    U: make("links", stored.U),
    fields: stored.fields.map((data, k) => new Field(U.lattice, fields[k]!.type).set(data)),
    value: stored.value,
    ...(stored.force ? { force: make("algebra", stored.force) } : {}),
    ...(stored.start ? { start: { U: make("links", stored.start.U), value: stored.start.value } } : {}),
  };
}
