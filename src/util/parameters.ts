/** Parameters of networks and actions as flat vectors: a nested structure of numbers and tensors has one name and one place for each number. */
import { ConfigurationError } from "../errors.ts";
import { PURPOSE, randomStream } from "./rng.ts";
import { guard } from "./guard.ts";
import * as is from "./guard.ts";
import { expectStructure, numbersAndTensors } from "./structure.ts";
import { Tensor } from "./tensor.ts";
import { type Place, leavesOf, mapLeaves, nameOf, valueAt } from "./tree.ts";

/** Names, and the way from a nested structure of numbers to a flat vector and back. */
export interface ParameterSpace<P = unknown> {
  /** One a number, in the order of declaration, which is that of all leaves: keys and indices joined by dots, "0.rho", "second.layer.weights.2". */
  readonly names: readonly string[];
  readonly size: number;
  /** Numbers of a structure like the template, in the order of `names`. @throws ConfigurationError for another structure. */
  flatten(structure: P): Float64Array;
  /** The structure with these numbers. @throws ConfigurationError for another count. */
  unflatten(values: ArrayLike<number>): P;
}

/**
 * The parameter space of a nested structure of numbers and tensors (plain objects and arrays of them). The numbers of a tensor are named by their place
 * in it, `w.3`.
 * @throws ConfigurationError for any other leaf.
 */
export function parameterSpace<P>(template: P): ParameterSpace<P> {
  const places = numbersOf(template);
  const size = places.reduce((n, { value }) => n + sizeOf(value), 0);
  let names: readonly string[] | undefined;
  const text = (): string => (size > 64 ? `${size} of ${places.map(({ path }) => nameOf(path)).slice(0, 8).join(", ")}` : `${size} (${namesOf(places).join(", ")})`);
  return {
    get names() {
      return (names ??= namesOf(places));
    },
    size,
    flatten(structure) {
      expectStructure("parameters", structure, template, numbersAndTensors);
      const flat = new Float64Array(size);
      let k = 0;
      for (const { value, path } of places) {
        const given = valueAt(structure, path);
        if (given instanceof Tensor) flat.set(given.data, k);
        else flat[k] = given as number;
        k += sizeOf(value);
      }
      return flat;
    },
    unflatten(values) {
      guard("parameters", { values: [values, is.listOf(is.number)] });
      if (values.length !== size) throw new ConfigurationError(`parameters: got ${values.length} values, expected ${text()}`);
      let k = 0;
      return mapLeaves(template, (leaf) => {
        if (!(leaf instanceof Tensor)) return values[k++]!;
        k += leaf.size;
        return new Tensor(leaf.shape, Float64Array.from({ length: leaf.size }, (_, i) => values[k - leaf.size + i]!));
      }) as P;
    },
  };
}

const sizeOf = (leaf: unknown): number => (leaf instanceof Tensor ? leaf.size : 1);

/** Names of all numbers; those of a tensor by their place in it, `w.3`. */
const namesOf = (places: readonly Place[]): string[] =>
  places.flatMap(({ value, path }) => (value instanceof Tensor ? Array.from({ length: value.size }, (_, k) => `${nameOf(path)}.${k}`) : [nameOf(path)]));

/** Number of parameters of a nested structure of numbers. */
export function countParameters(structure: unknown): number {
  return numbersOf(structure).reduce((n, { value }) => n + sizeOf(value), 0);
}

/**
 * The structure with every number drawn uniformly from (-width, width), default 0.01 (the initial weights of arXiv:2103.11965's code). Equal
 * layers that start from equal weights have equal gradients and never become different: start stacked layers from here, not from zero.
 */
export function randomParameters<P>(template: P, options: { readonly seed: number; readonly width?: number }): P {
  guard("randomParameters", { options: [options, is.keysOf("seed", "width")] });
  const { seed, width = 0.01 } = options;
  guard("randomParameters", { seed: [seed, is.integer], width: [width, is.finite] });
  const random = randomStream(seed).sequence(PURPOSE.initialisation);
  const { size, unflatten } = parameterSpace(template);
  return unflatten(Float64Array.from({ length: size }, () => width * (2 * random.next() - 1)));
}

function numbersOf(x: unknown): Place[] {
  const leaves = leavesOf(x);
  const bad = leaves.find(({ value }) => typeof value !== "number" && !(value instanceof Tensor));
  if (bad) throw new ConfigurationError(`parameters: got ${bad.value === null ? "null" : typeof bad.value} at "${nameOf(bad.path)}", expected numbers and tensors in arrays and plain objects`);
  return leaves;
}
