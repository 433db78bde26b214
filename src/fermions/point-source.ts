/** Point sources. */
import { type Field, type VectorType, components } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";

/** 1 in one component of a field at the origin; other sites stay as they are. @throws GeometryError for a component that there is not. */
export function pointSource(into: Field<VectorType>, component: number): Field<VectorType> {
  const origin = new Float64Array(components(into.type));
  if (!(component >= 0 && 2 * component < origin.length)) throw new GeometryError(`point source: got the component ${component}, expected 0 to ${origin.length / 2 - 1}: colours and spins are counted from 0`);
  origin[2 * component] = 1;
  return into.writeSites(Int32Array.of(0), origin);
}
