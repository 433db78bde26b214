/** Declarations of parameters: what layers, networks and bijections say of the numbers that they can be trained in. */
import { guard } from "./guard.ts";
import * as is from "./guard.ts";
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

/** Nested declaration of parameters. */
export type Declaration = RealParameter | readonly Declaration[] | { readonly [name: string]: Declaration };

/** Values of declared parameters. */
export type ValuesOf<D> = D extends RealParameter ? number : { readonly [K in keyof D]: ValuesOf<D[K]> };

const aDeclaration = is.either(is.object, is.listOf(is.present));

function isParameter(d: unknown): d is RealParameter {
  return isBranch(d) && typeof d["initial"] === "number";
}

/** The initial values of declared parameters. @throws ConfigurationError for what is no declaration. */
export function valuesOf<D>(where: string, params: D): ValuesOf<D> {
  const initial = (d: unknown): number => {
    guard(where, { "a parameter": [d, aDeclaration] });
    return (d as RealParameter).initial;
  };
  return mapLeaves(params, initial, isParameter) as ValuesOf<D>;
}
