/** Kinds of arguments of this room: what `guard` expects of paths, groups, random streams and isometries. */
import { GeometryError } from "../errors.ts";
import { type Kind, is } from "../util/index.ts";

/** Longest path that is unrolled into links. */
const LONGEST_PATH = 10000;

const isStep = (x: unknown): boolean => Number.isInteger(x) && Math.abs(x as number) >= 1 && Math.abs(x as number) <= 4;
export const aPath: Kind = {
  text: 'a path, "+x +y -x -y" or its steps [1, 2, -1, -2]',
  holds: (x) => typeof x === "string" || (Array.isArray(x) && x.length <= LONGEST_PATH && x.every(isStep)),
  error: GeometryError,
};
/** A path as steps only. */
export const steps: Kind = { ...aPath, text: "the steps of a path, +-1 to +-4 for +-x to +-t", holds: (x) => Array.isArray(x) && x.length <= LONGEST_PATH && x.every(isStep) };

/** A gauge group. */
export const aGroup: Kind = {
  text: "a gauge group, SU(N) or U1",
  holds: (x) => is.object.holds(x) && Number.isInteger((x as { N?: unknown }).N) && typeof (x as { name?: unknown }).name === "string",
  fix: (x) => (typeof x === "number" || typeof x === "string" ? "make one with SU(3), U1 or parseGroup" : undefined),
  error: GeometryError,
};

export const aStream = is.withMethods("a random stream", "normals", "uniforms", "sequence");

export const anIsometry: Kind = {
  text: "an isometry (axes, signs, displacement): make one with translation, reflection, axisSwap or rotation",
  holds: (x) => is.object.holds(x) && ["axes", "signs", "displacement"].every((k) => Array.isArray((x as Record<string, unknown>)[k])),
  error: GeometryError,
};
