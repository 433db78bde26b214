/** Generative models of links and of site scalars from their maps. */
import { Field, type Lattice, type LinkField, type Links, kind, type Real, type Scalar, add, number, realType, scaleBy, square, sum } from "../../autograd/index.ts";
import { type Group, aGroup, hot } from "../../gauge/index.ts";
import { PURPOSE, fillNormals, guard, is, randomStream } from "../../util/index.ts";
import type { GenerativeModel } from "./generative-model.ts";
import { RecordedModel } from "./recorded-model.ts";
import type { WeightTree } from "./weights.ts";

/** What both kinds of models are made of. */
function expectParts(where: string, { name, lattice, weights, seed, image, action, measure }: { readonly name: unknown; readonly lattice: unknown; readonly weights: unknown; readonly seed: unknown; readonly image: unknown; readonly action: unknown; readonly measure: unknown }): void {
  guard(where, { name: [name, is.text], lattice: [lattice, kind.lattice], weights: [weights, is.present], seed: [seed, is.natural], image: [image, is.callable], action: [action, is.callable], measure: [measure, is.callable] });
}

/** A model of links: Haar-distributed V, U = F(V) with weights from a tree of specifications. */
export function linkModel<N extends number>(options: {
  readonly name: string;
  readonly lattice: Lattice;
  readonly group: Group<N>;
  readonly weights: WeightTree;
  readonly seed: number;
  /** First weights; default uniform within the widths of their specifications. */
  readonly start?: (seed: number) => Float64Array;
  readonly image: (V: Links<N>, weights: never) => { readonly links: Links<N>; readonly logDet: Scalar };
  readonly action: (U: Links<N>) => Scalar;
  readonly measure: (U: LinkField<N>) => Readonly<Record<string, number>>;
}): GenerativeModel {
  guard("linkModel", { options: [options, is.keysOf("name", "lattice", "group", "weights", "seed", "start", "image", "action", "measure")] });
  const { name, lattice, group, weights, seed, start, image, action, measure } = options;
  guard("linkModel", { group: [group, aGroup], start: [start, is.optional(is.callable)] });
  expectParts("linkModel", options);
  return new RecordedModel<LinkField<N>>({
    name, lattice, weights, start, action: action as never, measure,
    draw: (on, first) => hot(on, group, { seed, stream: first }) as LinkField<N>,
    image: ((V: Links<N>, p: never) => {
      const { links, logDet } = image(V, p);
      return { x: links, logDet };
    }) as never,
    logBase: ((V: Links<N>) => number(V[0]!.tape, 0)) as never,
  });
}

/** A model of one real number a site: independent standard normal z. */
export function scalarModel(options: {
  readonly name: string;
  readonly lattice: Lattice;
  readonly weights: WeightTree;
  readonly seed: number;
  readonly image: (z: Real, weights: never) => { readonly field: Real; readonly logDet: Scalar };
  /** z of a field and log det of the inverse there: what path gradients and the forward divergence need. */
  readonly inverse?: (phi: Real, weights: never) => { readonly field: Real; readonly logDet: Scalar };
  readonly action: (phi: Real) => Scalar;
  readonly measure: (phi: Field) => Readonly<Record<string, number>>;
}): GenerativeModel {
  guard("scalarModel", { options: [options, is.keysOf("name", "lattice", "weights", "seed", "image", "inverse", "action", "measure")] });
  const { name, lattice, weights, seed, image, inverse, action, measure } = options;
  expectParts("scalarModel", options);
  guard("scalarModel", { inverse: [inverse, is.optional(is.callable)] });
  return new RecordedModel<Field>({
    name, lattice, weights, action: action as never, measure,
    draw: (on, first) => {
      const { volume, batch } = on;
      const x = new Float64Array(batch * volume);
      for (let b = 0; b < batch; b++) fillNormals(randomStream(seed, first + b), { sites: volume, components: 1, trajectory: 0, purpose: PURPOSE.start }, x.subarray(b * volume, (b + 1) * volume));
      return new Field(on, realType()).set(x) as Field;
    },
    image: ((z: Real, p: never) => {
      const { field, logDet } = image(z, p);
      return { x: field, logDet };
    }) as never,
    inverse: inverse && (((phi: Real, p: never) => {
      const { field, logDet } = inverse(phi, p);
      return { z: field, logDet };
    }) as never),
    logBase: ((z: Real) => add(number(z.tape, (-lattice.volume / 2) * Math.log(2 * Math.PI)), scaleBy(-0.5, sum(square(z))))) as never,
  });
}
