/** Declarations of parameters: what layers, networks and bijections say of the numbers that they can be trained in. */
import { guard } from "./guard.ts";
import * as is from "./guard.ts";
import { PURPOSE, randomStream } from "./rng.ts";
import { Tensor } from "./tensor.ts";
import { isBranch, mapLeaves } from "./tree.ts";

/** A declared real parameter. */
export interface RealParameter {
  readonly initial: number;
}

/** Declares a real parameter with its initial value. */
export function real(initial: number): RealParameter {
  guard("real", { "the initial value": [initial, is.finite] });
  return { initial };
}

/** Declared weights. */
export interface TensorParameter {
  readonly initial: Tensor;
}

/**
 * Declares weights of a shape as one parameter. They begin at a number, at what a function of their place gives (rows of the last dimension), or at
 * random numbers, uniform in (-width, width); the default width is 1 / sqrt(n), n weights for each number of the first dimension.
 * @throws GeometryError for a shape that is none, ConfigurationError for numbers that are not finite.
 */
export function tensor(shape: readonly number[], init: number | ((k: number) => number) | { readonly seed: number; readonly width?: number } = 0): TensorParameter {
  const initial = new Tensor(shape);
  if (typeof init === "object" && init !== null) {
    const { seed, width = 1 / Math.sqrt(initial.size / shape[0]!) } = init;
    guard("tensor", { seed: [seed, is.natural], width: [width, is.finite] });
    const random = randomStream(seed).sequence(PURPOSE.initialisation);
    for (let k = 0; k < initial.size; k++) initial.data[k] = width * (2 * random.next() - 1);
    return { initial };
  }
  guard("tensor", { init: [init, is.either(is.finite, is.callable)] });
  for (let k = 0; k < initial.size; k++) initial.data[k] = typeof init === "number" ? init : init(k);
  const bad = initial.data.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) guard("tensor", { [`weight ${bad}`]: [initial.data[bad], is.finite] });
  return { initial };
}

/** Nested declaration of parameters. */
export type Declaration = RealParameter | TensorParameter | readonly Declaration[] | { readonly [name: string]: Declaration };

/** Values of declared parameters. */
export type ValuesOf<D> = D extends RealParameter ? number : D extends TensorParameter ? Tensor : { readonly [K in keyof D]: ValuesOf<D[K]> };

const aDeclaration = is.either(is.object, is.listOf(is.present));

function isParameter(d: unknown): d is RealParameter | TensorParameter {
  return isBranch(d) && (typeof d["initial"] === "number" || d["initial"] instanceof Tensor);
}

/** The initial values of declared parameters. @throws ConfigurationError for what is no declaration. */
export function valuesOf<D>(where: string, params: D): ValuesOf<D> {
  const initial = (d: unknown): number | Tensor => {
    guard(where, { "a parameter": [d, aDeclaration] });
    return (d as RealParameter | TensorParameter).initial;
  };
  return mapLeaves(params, initial, isParameter) as ValuesOf<D>;
}
