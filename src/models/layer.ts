/** Layers: maps of link fields with declared parameters. The forward map is all there is to write. */
import { type LinkField, type Links, type Replayable, type TracedOf, recordOnce, replayable, expectInputs, expectTracedInputs, kind, returnedLinks } from "../autograd/index.ts";
import { type Declaration, type ValuesOf, guard, is, valuesOf } from "../util/index.ts";
import type { Smearing } from "../gauge/index.ts";

/** The forward map of a layer, recorded once, with its links, the structure of its parameters (that of `like`) and the directions of the result checked. */
export function recordedMap<N extends number, P>(name: string, forward: (U: Links<N>, parameters: P) => Links<N>, like: unknown): (U: Links<N>, parameters: P) => Links<N> {
  const where = `layer ${name}`;
  return recordOnce(forward, (V, [U]) => void returnedLinks(where, V, U as Links<N>), ([U, p]) => {
    guard(where, { U: [U, kind.links] });
    expectTracedInputs(where, p, like);
  });
}

/** A layer with values for its parameters; `layer` makes it, `with` changes the values. */
export class Layer<N extends number = number, P = unknown> implements Smearing<N, P> {
  readonly name: string;
  readonly parameters: P;
  /** The map on traced values, recorded once for each lattice and N: what it captures is read then. */
  readonly forward: (U: Links<N>, parameters: TracedOf<P>) => Links<N>;
  readonly #replay: Replayable;

  constructor(name: string, parameters: P, forward: (U: Links<N>, parameters: TracedOf<P>) => Links<N>, replay?: Replayable) {
    guard("layer", { name: [name, is.text], forward: [forward, is.callable] });
    expectInputs(`layer ${name}`, parameters);
    this.name = name;
    this.parameters = parameters;
    this.forward = recordedMap(name, forward, parameters);
    this.#replay = replay ?? replayable(this.forward);
  }

  /**
   * The transformed links, written into `into` when given, which may be U itself; else a new field. Recorded once for each lattice and N.
   * @throws CovarianceError for a forward map whose directions are no links.
   */
  apply(U: LinkField<N>, into?: LinkField<N>): LinkField<N> {
    guard(`layer ${this.name}`, { U: [U, kind.linkField], into: [into, is.optional(kind.linkField)] });
    if (into === undefined) return this.#replay(U, this.parameters) as LinkField<N>;
    this.#replay.runInto(into, U, this.parameters);
    return into;
  }

  /** The same layer with other parameter values; recordings are shared. */
  with(parameters: P): Layer<N, P> {
    expectInputs(`layer ${this.name}.with`, parameters, this.parameters);
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
  guard("layer", { "the definition": [definition, is.keysOf("name", "params", "forward")], params: [definition?.params, is.object] });
  const forward = (U: Links, parameters: never): Links => U[0]!.tape.inLayer(definition.name, () => definition.forward(U, parameters));
  return new Layer(definition.name, valuesOf(`layer ${definition.name}`, definition.params), forward as never);
}

/** A layer whose parameter structure does not matter. */
export interface AnyLayer<N extends number = number> {
  readonly name: string;
  readonly parameters: unknown;
  readonly forward: (U: Links<N>, parameters: never) => Links<N>;
}

/** Layers one after the other: the last of the list acts last. Parameters are the list of the layers' parameters. */
export function chain<N extends number>(...layers: readonly AnyLayer<N>[]): Layer<N, unknown[]> {
  guard("chain", { layers: [layers, is.listOf(is.withMethods("a layer (name, parameters, forward)", "forward"), 1)] });
  return new Layer<N, unknown[]>(layers.map((l) => l.name).join(" > "), layers.map((l) => l.parameters), (U, parameters) =>
    layers.reduce((V, l, k) => V[0]!.tape.inLayer(`layer ${k + 1}`, () => returnedLinks(`layer ${l.name}`, l.forward(V, (parameters as readonly unknown[])[k] as never), U)), U),
  );
}
