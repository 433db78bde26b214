/** Pseudofermion fields: what all kinds of them share. They are targets of HMC (a refresh beside value and force) for any Dirac operator. */
import { type AlgebraField, type Field, type LinkField, type VectorType, components, drawNormals } from "../autograd/index.ts";
import { PURPOSE, type RandomStream, SparseMap } from "../util/index.ts";
import type { Action, GaugeAction } from "../gauge/index.ts";

/**
 * exp(-S_f[U, phi]) as a sampling target. `phi` belongs to this object and is written by `refresh`; an action that is made from
 * `action.with({ mass, phi })` (another mass, after a network) follows the same phi.
 */
export interface Pseudofermions<N extends number = number, I = { readonly mass: number; readonly phi: Field<VectorType<N>> }> extends Action<N> {
  readonly name: string;
  readonly phi: Field<VectorType<N>>;
  readonly action: GaugeAction<N, I>;
  value(U: LinkField<N>): number;
  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N>;
  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number;
  /** Number of this field among the pseudofermions of a chain, where it was given one. */
  readonly index: number | undefined;
  /** Draws phi from its distribution on the links U. Fields with different numbers draw different random numbers; `index` (default 0) counts where `this.index` is not given. */
  refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index?: number): void;
}

/** What all kinds share: the recorded action gives value and force. */
export abstract class RecordedPseudofermions<N extends number, I> implements Pseudofermions<N, I> {
  abstract readonly name: string;
  abstract readonly phi: Field<VectorType<N>>;
  abstract readonly action: GaugeAction<N, I>;

  value(U: LinkField<N>): number {
    return this.action.value(U);
  }

  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N> {
    return this.action.force(U, into);
  }

  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number {
    return this.action.valueAndForce(U, into);
  }

  abstract readonly index: number | undefined;
  abstract refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index?: number): void;
}

/** Complex components for which each pseudofermion field reserves random numbers. */
const FIELD_STRIDE = 4096;

const maps = new Map<number, SparseMap>();

/** Every real component is a number of its own, of variance 1/2. */
function gaussianMap(components: number): SparseMap {
  let map = maps.get(components);
  if (!map) maps.set(components, (map = new SparseMap(components, [Array.from({ length: components }, (_, input) => [{ input, factor: Math.SQRT1_2 }])])));
  return map;
}

/**
 * Fills xi with complex Gaussian numbers, <|xi_i|^2> = 1, on all sites of its type. `index` tells several fields of one chain apart: equal
 * indices give equal numbers.
 */
export function drawGaussian(xi: Field<VectorType>, random: RandomStream, trajectory: number, index: number): void {
  drawNormals([xi], gaussianMap(components(xi.type)), random, { first: index * FIELD_STRIDE, trajectory, purpose: PURPOSE.pseudofermion });
}
