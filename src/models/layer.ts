/** Layers: maps of link fields with declared parameters. The forward map is all there is to write. */
import { type LinkField, type Links, type TracedOf, recordOnce, replayable } from "../autograd/index.ts";
import type { Smearing } from "../gauge/index.ts";

/** A declared real parameter. */
export interface RealParameter {
  readonly initial: number;
}

/** Declares a real parameter with its initial value. */
export function real(initial: number): RealParameter {
  return { initial };
}

/** Nested declaration of parameters. */
export type Declaration = RealParameter | readonly Declaration[] | { readonly [name: string]: Declaration };

/** Values of declared parameters. */
export type ValuesOf<D> = D extends RealParameter ? number : { readonly [K in keyof D]: ValuesOf<D[K]> };

/** A layer with values for its parameters; `layer` makes it, `with` changes the values. */
export class Layer<N extends number = number, P = unknown> implements Smearing<N, P> {
  readonly name: string;
  readonly parameters: P;
  /** The map on traced values, recorded once for each lattice and N: what it captures is read then. */
  readonly forward: (U: Links<N>, parameters: TracedOf<P>) => Links<N>;
  readonly #replay: (...args: unknown[]) => unknown;

  constructor(name: string, parameters: P, forward: (U: Links<N>, parameters: TracedOf<P>) => Links<N>, replay?: (...args: unknown[]) => unknown) {
    this.name = name;
    this.parameters = parameters;
    this.forward = recordOnce(forward);
    this.#replay = replay ?? replayable(this.forward);
  }

  /** The transformed links as a new field. Recorded once for each lattice and N. */
  apply(U: LinkField<N>): LinkField<N> {
    return this.#replay(U, this.parameters) as LinkField<N>;
  }

  /** The same layer with other parameter values; recordings are shared. */
  with(parameters: P): Layer<N, P> {
    return new Layer(this.name, parameters, this.forward, this.#replay);
  }
}

/**
 * A layer from its parameters and forward map:
 * `layer({ name: "stout", params: { rho: real(0.1) }, forward: (U, { rho }) => U.map((mu) => ...) })`.
 */
export function layer<D extends { readonly [name: string]: Declaration }>(definition: {
  readonly name: string;
  readonly params: D;
  readonly forward: (U: Links, parameters: TracedOf<ValuesOf<D>>) => Links;
}): Layer<number, ValuesOf<D>> {
  const values = (d: Declaration): unknown => {
    if (isParameter(d)) return d.initial;
    if (Array.isArray(d)) return d.map(values);
    return Object.fromEntries(Object.entries(d).map(([k, v]) => [k, values(v)]));
  };
  const forward = (U: Links, parameters: never): Links => U[0]!.tape.inLayer(definition.name, () => definition.forward(U, parameters));
  return new Layer(definition.name, values(definition.params) as ValuesOf<D>, forward as never);
}

function isParameter(d: Declaration): d is RealParameter {
  return "initial" in d && typeof d.initial === "number";
}

/** A layer whose parameter structure does not matter. */
export interface AnyLayer<N extends number = number> {
  readonly name: string;
  readonly parameters: unknown;
  readonly forward: (U: Links<N>, parameters: never) => Links<N>;
}

/** Layers one after the other: the last of the list acts last. Parameters are the list of the layers' parameters. */
export function chain<N extends number>(...layers: readonly AnyLayer<N>[]): Layer<N, unknown[]> {
  return new Layer<N, unknown[]>(layers.map((l) => l.name).join(" > "), layers.map((l) => l.parameters), (U, parameters) =>
    layers.reduce((V, l, k) => V[0]!.tape.inLayer(`layer ${k + 1}`, () => l.forward(V, (parameters as readonly unknown[])[k] as never)), U),
  );
}
