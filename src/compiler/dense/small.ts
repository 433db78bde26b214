/** Products and inverses of small complex blocks, (re, im) row by row, inside of larger arrays. */
import { SolverError } from "../../errors.ts";

/** C <- C + sign A B for b x b blocks that begin at the given reals, with so many reals from row to row. */
export function addProduct(b: number, sign: number, A: Float64Array, a: number, strideA: number, B: Float64Array, at: number, strideB: number, C: Float64Array, c: number, strideC: number): void {
  for (let i = 0; i < b; i++)
    for (let k = 0; k < b; k++) {
      const [re, im] = [sign * A[a + i * strideA + 2 * k]!, sign * A[a + i * strideA + 2 * k + 1]!];
      if (re === 0 && im === 0) continue;
      let p = at + k * strideB;
      let q = c + i * strideC;
      for (let j = 0; j < b; j++, p += 2, q += 2) {
        C[q]! += re * B[p]! - im * B[p + 1]!;
        C[q + 1]! += re * B[p + 1]! + im * B[p]!;
      }
    }
}

/** det A as ln |det A| and a phase, which are added to `det`, and A^{-1} in the place of A by elimination with pivots. @throws SolverError when A is singular. */
export function invertSmall(b: number, A: Float64Array, a: number, det: { logAbs: number; re: number; im: number }): void {
  const at = (i: number, j: number): number => a + 2 * (i * b + j);
  const order: number[] = [];
  for (let k = 0; k < b; k++) {
    let [best, largest] = [k, 0];
    for (let i = k; i < b; i++) {
      const size = A[at(i, k)]! ** 2 + A[at(i, k) + 1]! ** 2;
      if (size > largest) [best, largest] = [i, size];
    }
    if (!(largest > 0)) throw new SolverError(`LU: no pivot in column ${k} of a site matrix, expected one that is not singular`);
    order.push(best);
    if (best !== k) {
      for (let t = 0; t < 2 * b; t++) [A[at(k, 0) + t], A[at(best, 0) + t]] = [A[at(best, 0) + t]!, A[at(k, 0) + t]!];
      [det.re, det.im] = [-det.re, -det.im];
    }
    const [pr, pi, size] = [A[at(k, k)]!, A[at(k, k) + 1]!, Math.sqrt(largest)];
    det.logAbs += Math.log(size);
    [det.re, det.im] = [(det.re * pr - det.im * pi) / size, (det.re * pi + det.im * pr) / size];
    const [fr, fi] = [pr / largest, -pi / largest];
    A[at(k, k)] = 1;
    A[at(k, k) + 1] = 0;
    for (let j = 0; j < b; j++) {
      const [re, im] = [A[at(k, j)]!, A[at(k, j) + 1]!];
      A[at(k, j)] = re * fr - im * fi;
      A[at(k, j) + 1] = re * fi + im * fr;
    }
    for (let i = 0; i < b; i++) {
      if (i === k) continue;
      const [re, im] = [A[at(i, k)]!, A[at(i, k) + 1]!];
      A[at(i, k)] = 0;
      A[at(i, k) + 1] = 0;
      for (let j = 0; j < b; j++) {
        A[at(i, j)]! -= re * A[at(k, j)]! - im * A[at(k, j) + 1]!;
        A[at(i, j) + 1]! -= re * A[at(k, j) + 1]! + im * A[at(k, j)]!;
      }
    }
  }
  for (let k = b - 1; k >= 0; k--) {
    if (order[k] === k) continue;
    for (let i = 0; i < b; i++)
      for (let part = 0; part < 2; part++) [A[at(i, k) + part], A[at(i, order[k]!) + part]] = [A[at(i, order[k]!) + part]!, A[at(i, k) + part]!];
  }
}
