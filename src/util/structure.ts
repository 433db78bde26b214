/**
 * The comparison of given values with those that were declared: parameters of layers, networks and bijections, inputs of actions, weights, gradients. Every room that is
 * given a structure of another kind says the same: the place of the first difference, what was got, what was expected, and what to do.
 */
import { ConfigurationError } from "../errors.ts";
import { describe } from "./guard.ts";
import { nearest } from "./nearest.ts";
import { Tensor } from "./tensor.ts";
import { isBranch, nameOf, placesOf, valueAt } from "./tree.ts";

/** What is expected in the place of a leaf where the given value does not stand for it; undefined where it does. */
export type LeafRule = (given: unknown, like: unknown) => string | undefined;

/** Numbers stand for numbers, tensors for tensors of their shape. */
export const numbersAndTensors: LeafRule = (given, like) => {
  if (like instanceof Tensor) return given instanceof Tensor && given.shape.join() === like.shape.join() ? undefined : `a ${like}`;
  return typeof given === "number" ? undefined : "a number";
};

const COPY = "change the numbers in a copy of its own and leave the structure";

/**
 * Values in the structure of `like`: the same keys and lengths, and leaves as the rule has them.
 * @throws ConfigurationError for the first difference, in the order of `like`.
 */
export function expectStructure(where: string, given: unknown, like: unknown, rule: LeafRule): void {
  for (const { value, path } of placesOf(like)) {
    const [x, name] = [valueAt(given, path), nameOf(path)];
    const expected = isBranch(value) ? branchDiffers(x, value) : rule(x, value);
    if (expected !== undefined) {
      const got = x === undefined && name !== "" ? `nothing as ${name}` : `${describe(x)}${name === "" ? "" : ` as ${name}`}`;
      throw new ConfigurationError(`${where}: got ${got}, expected ${expected}: ${typeof x === "number" && !Number.isFinite(x) ? "look at where it was computed" : COPY}`);
    }
    const unknown = isBranch(value) && !Array.isArray(value) ? Object.keys(x as object).find((k) => !Object.hasOwn(value, k)) : undefined;
    if (unknown !== undefined) {
      const keys = Object.keys(value as object);
      const near = nearest(unknown, keys);
      throw new ConfigurationError(`${where}: got the unknown key "${unknown}"${name === "" ? "" : ` in ${name}`}, expected ${keys.join(", ") || "no keys"}: ${near === undefined ? "leave it out" : `did you mean ${near}?`}`);
    }
  }
}

function branchDiffers(x: unknown, like: Readonly<Record<string, unknown>>): string | undefined {
  if (Array.isArray(like)) return Array.isArray(x) && x.length === like.length ? undefined : `an array of length ${like.length}`;
  const keys = Object.keys(like);
  return isBranch(x) && !Array.isArray(x) ? undefined : `an object with ${keys.join(", ") || "no keys"}`;
}
