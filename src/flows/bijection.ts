/**
 * Bijections: maps F of link fields with the logarithm of the Jacobian determinant det F_* with respect to Haar measure (left-translated
 * derivatives, so that composition adds logarithms). V ~ exp(-S(F(V)) + log det F_*(V)) and U = F(V) ~ exp(-S(U)) are one distribution.
 */
import { type Lattice, type LinkField, type Links, type Replayable, type Scalar, type TracedOf, add, expectInputs, expectTracedInputs, kind, recordOnce, replayable, returnedLinks, returnedScalar } from "../autograd/index.ts";
import { ConfigurationError, RecordingError } from "../errors.ts";
import { type Declaration, type ValuesOf, guard, is, valuesOf } from "../util/index.ts";

/** What a bijection makes of traced links: the image and log det F_*, summed over all links. */
export interface Image<N extends number = number> {
  readonly links: Links<N>;
  readonly logDet: Scalar;
}

/** Image of links with values. */
export interface ImageField<N extends number = number> {
  readonly links: LinkField<N>;
  readonly logDet: number;
}

/** A bijection whose parameter structure does not matter. A plain layer is none: it has no log det. */
export interface AnyBijection<N extends number = number> {
  readonly name: string;
  readonly parameters: unknown;
  readonly forward: (V: Links<N>, parameters: never) => Image<N>;
  /** The same map with other parameter values. */
  with(parameters: never): AnyBijection<N>;
  /** F(V) and log det F_*(V). */
  image(V: LinkField<N>): ImageField<N>;
  /** F^-1(U), a new field. */
  inverse(U: LinkField<N>): LinkField<N>;
  /** True where F^-1 is known on a lattice. */
  invertibleOn(lattice: Lattice): boolean;
  /** The maps of which it is made on a lattice, first to last. */
  stepsOn(lattice: Lattice): readonly AnyBijection<N>[];
}

/** How a bijection is inverted: on traced values, on fields, or by the inverses of the steps that it is made of; and evaluated, where a replay of its recording is not the way. */
export interface Inversion<N extends number, P> {
  /** F^-1 on traced links. */
  readonly inverse?: ((U: Links<N>, parameters: TracedOf<P>) => Links<N>) | undefined;
  /** F^-1 on links with values, for inverses by iteration. */
  readonly invert?: ((U: LinkField<N>, parameters: P) => LinkField<N>) | undefined;
  /** The maps of which it is made, first to last. */
  readonly steps?: ((parameters: P, lattice: Lattice) => readonly AnyBijection<N>[]) | undefined;
  /** Image of links with values, for maps of so many equal steps that their recording would be large. */
  readonly evaluate?: ((V: LinkField<N>, parameters: P) => ImageField<N>) | undefined;
}

/** A bijection of link fields with values for its parameters; `bijection`, `chain` and the transformations of this room make it. */
export class Bijection<N extends number = number, P = unknown> {
  readonly name: string;
  readonly parameters: P;
  /** The map on traced values, recorded once for each lattice and N. */
  readonly forward: (V: Links<N>, parameters: TracedOf<P>) => Image<N>;
  readonly #inversion: Inversion<N, P>;
  readonly #image: Replayable;
  readonly #back: Replayable | undefined;

  constructor(name: string, parameters: P, forward: (V: Links<N>, parameters: TracedOf<P>) => Image<N>, inversion: Inversion<N, P> = {}, replay?: readonly [Replayable, Replayable | undefined]) {
    guard("bijection", { name: [name, is.text], forward: [forward, is.callable], inversion: [inversion, is.keysOf("inverse", "invert", "steps", "evaluate")] });
    expectInputs(`bijection ${name}`, parameters);
    this.name = name;
    this.parameters = parameters;
    this.forward = recordOnce(forward, (y, [V]) => expectImage(name, y, V as Links), ([V, p]) => {
      guard(`bijection ${name}`, { V: [V, kind.links] });
      expectTracedInputs(`bijection ${name}`, p, parameters);
    });
    this.#inversion = inversion;
    this.#image = replay?.[0] ?? replayable(this.forward as never);
    this.#back = replay?.[1] ?? (inversion.inverse && replayable(inversion.inverse as never));
  }

  /** F(V) and log det F_*(V). @throws NaNError with the site where a determinant is not positive. */
  image(V: LinkField<N>): ImageField<N> {
    guard(`bijection ${this.name}`, { V: [V, kind.linkField] });
    return this.#inversion.evaluate?.(V, this.parameters) ?? (this.#image(V, this.parameters) as ImageField<N>);
  }

  /** F(V), a new field. */
  apply(V: LinkField<N>): LinkField<N> {
    return this.image(V).links;
  }

  /** log det F_*(V). */
  logDet(V: LinkField<N>): number {
    const { links, logDet } = this.image(V);
    links.dispose();
    return logDet;
  }

  /** True where F^-1 is known on a lattice. */
  invertibleOn(lattice: Lattice): boolean {
    const { inverse, invert, steps } = this.#inversion;
    return inverse !== undefined || invert !== undefined || (steps?.(this.parameters, lattice).every((s) => s.invertibleOn(lattice)) ?? false);
  }

  /** The maps of which it is made on a lattice, first to last; itself where it is one. */
  stepsOn(lattice: Lattice): readonly AnyBijection<N>[] {
    guard(`bijection ${this.name}`, { lattice: [lattice, kind.lattice] });
    return this.#inversion.steps?.(this.parameters, lattice) ?? [this];
  }

  /** F^-1(U), a new field. @throws ConfigurationError where the bijection has no inverse, NaNError or SolverError where it does not converge. */
  inverse(U: LinkField<N>): LinkField<N> {
    guard(`bijection ${this.name}`, { U: [U, kind.linkField] });
    const { invert } = this.#inversion;
    if (this.#back) return this.#back(U, this.parameters) as LinkField<N>;
    if (invert) return invert(U, this.parameters);
    const steps = this.stepsOn(U.lattice);
    if (steps.length === 1 && steps[0] === this) throw new ConfigurationError(`bijection ${this.name}: got no inverse, expected one: declare inverse: (U, p) => links`);
    return steps.reduceRight((W: LinkField<N>, s) => {
      const V = s.inverse(W);
      if (W !== U) W.dispose();
      return V;
    }, U);
  }

  /** The same map with other parameter values; recordings are shared. */
  with(parameters: P): Bijection<N, P> {
    expectInputs(`bijection ${this.name}.with`, parameters, this.parameters);
    return new Bijection(this.name, parameters, this.forward, this.#inversion, [this.#image, this.#back]);
  }
}

/** @throws RecordingError for anything but links and a scalar. */
function expectImage(name: string, y: unknown, V: Links): void {
  const { links, logDet } = (typeof y === "object" && y !== null ? y : {}) as Partial<Image>;
  if (links === undefined || logDet === undefined) throw new RecordingError(`bijection ${name}: got a forward map that returns ${links === undefined ? "no links" : "no logDet"}, expected { links, logDet }: logDet is the sum over all links of log det, 0 for none`);
  returnedLinks(`bijection ${name}`, links, V);
  returnedScalar(`bijection ${name}`, logDet);
}

/**
 * A bijection from its parameters, forward map and inverse: `bijection({ name: "mine", params: { rho: real(0.1) }, forward: (V, { rho }) => ({ links,
 * logDet }), inverse: (U, { rho }) => links })`. `check` compares logDet with the determinant of the whole Jacobian.
 */
export function bijection<D extends { readonly [name: string]: Declaration }>(definition: {
  readonly name: string;
  readonly params: D;
  readonly forward: (V: Links, parameters: TracedOf<ValuesOf<D>>) => Image;
  readonly inverse?: (U: Links, parameters: TracedOf<ValuesOf<D>>) => Links;
}): Bijection<number, ValuesOf<D>> {
  guard("bijection", { "the definition": [definition, is.keysOf("name", "params", "forward", "inverse")] });
  const { name, params, forward, inverse } = definition;
  guard("bijection", { name: [name, is.text], params: [params, is.object], forward: [forward, is.callable], inverse: [inverse, is.optional(is.callable)] });
  return new Bijection<number, ValuesOf<D>>(name, valuesOf(`bijection ${name}`, params), forward as never, { inverse: inverse as never });
}

const aBijection = is.instanceOf(Bijection, "a bijection (bijection({ name, params, forward, inverse }), maskedStout, ...): a plain layer has no log det");

/** Bijections one after the other: the last of the list acts last. Parameters are the list of theirs, inverses and logarithms follow. */
export function chain<N extends number>(...bijections: readonly AnyBijection<N>[]): Bijection<N, unknown[]> {
  guard("chain", { bijections: [bijections, is.listOf(aBijection, 1)] });
  const forward = (V: Links<N>, parameters: readonly unknown[]): Image<N> => {
    const terms: Scalar[] = [];
    let links = V;
    bijections.forEach((f, k) => {
      const image = V[0]!.tape.inLayer(`step ${k + 1}, ${f.name}`, () => f.forward(links, parameters[k] as never));
      links = image.links;
      terms.push(image.logDet);
    });
    return { links, logDet: add(terms[0]!, ...terms.slice(1)) };
  };
  const steps = (parameters: readonly unknown[], lattice: Lattice): readonly AnyBijection<N>[] => bijections.flatMap((f, k) => f.with(parameters[k] as never).stepsOn(lattice));
  return new Bijection<N, unknown[]>(bijections.map((f) => f.name).join(" > "), bijections.map((f) => f.parameters), forward as never, { steps });
}
