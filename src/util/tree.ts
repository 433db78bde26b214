/**
 * Nested structures: arrays and plain objects (branches) down to leaves, which are everything else: numbers, fields, traced values. The
 * leaves of a structure have one order wherever they are listed, numbered or stored (inputs of programs, parameters, optimisers, model
 * files): depth first, arrays by index, objects in the order in which their keys were written. Two structures are walked together by the
 * paths of the first, so that the order of the other's keys does not matter.
 */

/** Keys and indices from the root of a structure to a place in it. */
export type Path = readonly string[];

/** A value of a structure and where it stands. */
export interface Place {
  readonly value: unknown;
  readonly path: Path;
}

/** True for arrays and plain objects: not for fields, traced values and other objects with a class. */
export function isBranch(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== "object" || x === null) return false;
  if (Array.isArray(x)) return true;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

const isEnd = (x: unknown): boolean => !isBranch(x);

/** All values of a structure, branches before their members. `isLeaf` may end the walk at some branches too. */
export function placesOf(x: unknown, isLeaf: (x: unknown) => boolean = isEnd): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, path: Path): void => {
    places.push({ value, path });
    if (isBranch(value) && !isLeaf(value)) for (const key of Object.keys(value)) visit(value[key], [...path, key]);
  };
  visit(x, []);
  return places;
}

/** The leaves of a structure. */
export function leavesOf(x: unknown, isLeaf: (x: unknown) => boolean = isEnd): Place[] {
  return placesOf(x, isLeaf).filter(({ value }) => !isBranch(value) || isLeaf(value));
}

/** The same structure with other leaves; `f` is called in their order. */
export function mapLeaves(x: unknown, f: (leaf: unknown, path: Path) => unknown, isLeaf: (x: unknown) => boolean = isEnd): unknown {
  const visit = (value: unknown, path: Path): unknown => {
    if (!isBranch(value) || isLeaf(value)) return f(value, path);
    if (Array.isArray(value)) return value.map((y, k) => visit(y, [...path, String(k)]));
    return Object.fromEntries(Object.keys(value).map((key) => [key, visit(value[key], [...path, key])]));
  };
  return visit(x, []);
}

/** The same structure without some members of its objects. */
export function pruned<T>(x: T, drop: (key: string, value: unknown, from: Readonly<Record<string, unknown>>) => boolean, isLeaf: (x: unknown) => boolean = isEnd): T {
  const visit = (value: unknown): unknown => {
    if (!isBranch(value) || isLeaf(value)) return value;
    if (Array.isArray(value)) return value.map(visit);
    return Object.fromEntries(Object.keys(value).flatMap((key) => (drop(key, value[key], value) ? [] : [[key, visit(value[key])]])));
  };
  return visit(x) as T;
}

/** What lies at the end of a path; undefined where there is nothing. */
export function valueAt(x: unknown, path: Path): unknown {
  let y = x;
  for (let k = 0; k < path.length; k++) {
    if (!isBranch(y) || !Object.hasOwn(y, path[k]!)) return undefined;
    y = y[path[k]!];
  }
  return y;
}

/** `second.layer.weights.2`: the name of a parameter in messages, model files and reports. */
export const nameOf = (path: Path): string => path.join(".");
