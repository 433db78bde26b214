/** Point sources. */
import { type Field, type VectorType, spinOf } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";

/** 1 in the component of one colour and spin (0 for a field without spin) at the origin; other sites stay as they are. @throws GeometryError for a colour or spin that there is not. */
export function pointSource(into: Field<VectorType>, colour: number, spin = 0): Field<VectorType> {
  const { N } = into.type;
  const spins = spinOf(into.type);
  const below = (name: string, x: number, count: number): void => {
    if (!Number.isInteger(x) || x < 0 || x >= count) throw new GeometryError(`point source: got the ${name} ${x}, expected ${count === 1 ? "0" : `0 to ${count - 1}`}: colours and spins are counted from 0`);
  };
  below("colour", colour, N);
  below("spin", spin, spins);
  const origin = new Float64Array(2 * N * spins);
  origin[2 * (colour * spins + spin)] = 1;
  return into.writeSites(Int32Array.of(0), origin);
}
