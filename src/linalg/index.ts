/** Linear algebra room: dense factorisations and eigenproblems, Lanczos, rational approximation. Knows no lattice. */
export { Cholesky } from "./cholesky.ts";
export { HermitianEigenproblem } from "./hermitian.ts";
export { largestEigenvalues } from "./lanczos.ts";
export { type RationalFunction, evaluateRational, rationalApproximation } from "./rational-approximation.ts";
