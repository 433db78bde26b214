/** Linear algebra room: dense factorisations and eigenproblems, Lanczos, rational approximation. Knows no lattice. */
export { DenseMatrix, type Determinant } from "./dense.ts";
export type { DenseBackend } from "./products.ts";
export { type Eigenpairs, largestEigenpairs } from "./eigenpairs.ts";
export { HermitianEigenvectors } from "./eigenvectors.ts";
export { HermitianEigenproblem } from "./hermitian.ts";
export { OverlapMatrix, type SignKernel } from "./overlap-matrix.ts";
export { largestEigenvalues } from "./lanczos.ts";
export { type RationalFunction, evaluateRational, rationalApproximation } from "./rational-approximation.ts";
