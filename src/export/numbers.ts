/** A number as C reads it back to the last bit. */
export const literal = (x: number): string => (Number.isInteger(x) && Math.abs(x) < 1e15 ? `${Object.is(x, -0) ? "-0" : x}.0` : String(x));
