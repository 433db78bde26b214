/** Parameters of networks and actions as flat vectors: a nested structure of numbers has one name and one place for each of them. */
import { ConfigurationError } from "../errors.ts";
import { PURPOSE, randomStream } from "./rng.ts";
import { guard } from "./guard.ts";
import * as is from "./guard.ts";
import { type Path, type Place, leavesOf, mapLeaves, nameOf, valueAt } from "./tree.ts";

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
 * The parameter space of a nested structure of numbers (plain objects and arrays of them).
 * @throws ConfigurationError for a leaf that is no number.
 */
export function parameterSpace<P>(template: P): ParameterSpace<P> {
  const paths = numbersOf(template).map((l) => l.path);
  const names = paths.map(nameOf);
  return {
    names,
    size: names.length,
    flatten(structure) {
      const found = numbersOf(structure).length;
      if (found !== names.length) throw new ConfigurationError(`parameters: got a structure with ${found} numbers, expected ${names.length} (${names.join(", ")})`);
      return Float64Array.from(paths, (path) => numberAt(structure, path));
    },
    unflatten(values) {
      if (values.length !== names.length) throw new ConfigurationError(`parameters: got ${values.length} values, expected ${names.length} (${names.join(", ")})`);
      let k = 0;
      return mapLeaves(template, () => values[k++]!) as P;
    },
  };
}

/** Number of parameters of a nested structure of numbers. */
export function countParameters(structure: unknown): number {
  return numbersOf(structure).length;
}

/**
 * The structure with every number drawn uniformly from (-width, width), default 0.01 (the initial weights of arXiv:2103.11965's code). Equal
 * layers that start from equal weights have equal gradients and never become different: start stacked layers from here, not from zero.
 */
export function randomParameters<P>(template: P, options: { readonly seed: number; readonly width?: number }): P {
  guard("randomParameters", { options: [options, is.object] });
  const { seed, width = 0.01 } = options;
  guard("randomParameters", { seed: [seed, is.integer], width: [width, is.finite] });
  const random = randomStream(seed).sequence(PURPOSE.initialisation);
  const { size, unflatten } = parameterSpace(template);
  return unflatten(Float64Array.from({ length: size }, () => width * (2 * random.next() - 1)));
}

function numbersOf(x: unknown): Place[] {
  const leaves = leavesOf(x);
  const bad = leaves.find(({ value }) => typeof value !== "number");
  if (bad) throw new ConfigurationError(`parameters: got ${bad.value === null ? "null" : typeof bad.value} at "${nameOf(bad.path)}", expected numbers in arrays and plain objects`);
  return leaves;
}

function numberAt(x: unknown, path: Path): number {
  const y = valueAt(x, path);
  if (typeof y !== "number") throw new ConfigurationError(`parameters: got no number at "${nameOf(path)}", expected a structure like the declared one`);
  return y;
}
