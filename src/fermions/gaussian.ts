/** Random numbers of pseudofermion fields. */
import { type Field, type VectorType, components, drawNormals } from "../autograd/index.ts";
import { PURPOSE, type RandomStream, SparseMap } from "../util/index.ts";

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
