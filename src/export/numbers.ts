/** A number as C reads it back to the last bit: digits alone would be an integer, which may be too large for one. */
export const literal = (x: number): string => {
  const text = Object.is(x, -0) ? "-0" : String(x);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
};
