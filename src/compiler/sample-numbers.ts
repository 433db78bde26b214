/** Numbers of the samples of a batch. */

/** Data of one sample for every sample of a batch. */
export function forAllSamples(data: Float64Array, batch: number): Float64Array {
  if (batch === 1) return data;
  const all = new Float64Array(batch * data.length);
  for (let b = 0; b < batch; b++) all.set(data, b * data.length);
  return all;
}

/** Which sample of a batch a message is about. */
export const ofSample = (b: number, batch: number): string => (batch > 1 ? ` of sample ${b}` : "");

/** Pairwise sum in a fixed order. */
export function treeSum(f: Float64Array, at: number, n: number): number {
  if (n <= 4) {
    let s = 0;
    for (let k = 0; k < n; k++) s += f[at + k]!;
    return s;
  }
  const half = n >> 1;
  return treeSum(f, at, half) + treeSum(f, at + half, n - half);
}
