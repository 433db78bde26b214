/** Actions of scalar matter: phi^4 theory of one or several real components, and a Higgs field in the fundamental or adjoint representation with links. */
import { type Algebra, type Channels, type Complex, type Links, type Matrix, type Real, type Scalar, type Vector, add, adj, dot, metric, mul, number, scale, scaleBy, shift, square, sub, sum } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";
import { FieldAction } from "./field-action.ts";

/** Couplings of phi^4 theory, S = sum_n [ sum_mu |phi(n + mu) - phi(n)|^2 + m2 |phi|^2 + lambda |phi|^4 ]. */
export interface Phi4Inputs {
  readonly m2: number;
  readonly lambda: number;
}

/** Couplings of a Higgs field, S = sum_n [ |phi|^2 + lambda (|phi|^2 - 1)^2 - 2 kappa sum_mu (phi(n), U_mu(n) phi(n + mu)) ]. */
export interface HiggsInputs {
  readonly kappa: number;
  readonly lambda: number;
}

export type Matter = Real | Complex | Channels | Vector | Algebra;

/** (a, b) at every site: the real scalar product of all components, of algebra fields -2 tr(a b). */
export const product = (a: Matter, b: Matter): Real => {
  const real = dot(a as Real, b as Real);
  return a.type.kind === "matrix" ? scaleBy(metric(a.type.N), real) : real;
};

type Traced<I> = { readonly [K in keyof I]: Scalar };

function expectCouplings(where: string, couplings: Readonly<Record<string, unknown>>): void {
  guard(where, Object.fromEntries(Object.entries(couplings).map(([name, x]) => [name, [x, is.finite] as const])));
  if ((couplings["lambda"] as number) < 0) throw new ConfigurationError(`${where}: got lambda = ${String(couplings["lambda"])}, expected at least 0: exp(-S) has no integral otherwise`);
}

/** phi^4 theory of the field `phi`: real, or of several real components with the symmetry O(n). */
function phi4<const C extends number = 1>(options: Phi4Inputs & { readonly components?: C }): FieldAction<{ readonly phi: C extends 1 ? "real" : { readonly channels: number } }, number, Phi4Inputs> {
  guard("scalarAction.phi4", { options: [options, is.keysOf("m2", "lambda", "components")] });
  const { m2, lambda, components = 1 } = options;
  guard("scalarAction.phi4", { components: [components, is.atMost(1024)] });
  expectCouplings("scalarAction.phi4", { m2, lambda });
  if (lambda === 0 && m2 <= 0) throw new ConfigurationError(`scalarAction.phi4: got m2 = ${m2} with lambda = 0, expected m2 above 0: exp(-S) has no integral otherwise`);
  const evaluate = ({ phi }: { readonly phi: Real | Channels }, { m2: m, lambda: l }: Traced<Phi4Inputs>): Scalar => {
    const steps = phi.lattice.extents.map((_, mu) => sub(shift(phi as Real, mu), phi as Real));
    const squared = product(phi, phi);
    return sum(add(...(steps.map((d) => product(d, d)) as [Real]), scale(m, squared), scale(l, square(squared))));
  };
  return new FieldAction(components === 1 ? "phi^4" : `O(${components}) phi^4`, { phi: components === 1 ? "real" : { channels: components } }, { m2, lambda }, evaluate as never) as never;
}

/** A Higgs field `phi` with links `U`; lambda = infinity, a field of fixed length, is none of these. Add a gauge action with `.plus(gaugeAction.wilson({ beta }).on("U"))`. */
function higgs<const R extends "fundamental" | "adjoint" = "fundamental">(options: HiggsInputs & { readonly representation?: R }): FieldAction<{ readonly U: "links"; readonly phi: R extends "fundamental" ? "vector" : "algebra" }, number, HiggsInputs> {
  guard("scalarAction.higgs", { options: [options, is.keysOf("kappa", "lambda", "representation")] });
  const { kappa, lambda, representation = "fundamental" } = options;
  guard("scalarAction.higgs", { representation: [representation, is.oneOf("fundamental", "adjoint")] });
  expectCouplings("scalarAction.higgs", { kappa, lambda });
  const evaluate = ({ U, phi }: { readonly U: Links; readonly phi: Vector | Algebra }, { kappa: k, lambda: l }: Traced<HiggsInputs>): Scalar => {
    const squared = product(phi, phi);
    const links = U.values().map((_, mu) => product(phi, transportedHiggs(U, phi, mu)));
    // (|phi|^2 - 1)^2 without its constant, which is added once
    const potential = scale(l, sub(square(squared), scaleBy(2, squared)));
    const hopping = scale(scaleBy(-2, k), add(...(links as [Real])));
    return add(sum(add(squared, potential, hopping)), scale(l, number(U[0]!.tape, U.lattice.volume)));
  };
  return new FieldAction(`${representation} Higgs`, { U: "links", phi: representation === "fundamental" ? "vector" : "algebra" }, { kappa, lambda }, evaluate as never) as never;
}

/** phi(n + mu) brought to n by the link: U phi, or U phi U^+. */
export function transportedHiggs(U: Links, phi: Vector | Algebra, mu: number): Vector | Algebra {
  const there = mul(U[mu]!, shift(phi as Vector, mu));
  return phi.type.kind === "matrix" ? (mul(there as unknown as Matrix, adj(U[mu]!)) as Algebra) : there;
}

/** Actions of scalar fields. */
export const scalarAction = Object.freeze({ phi4, higgs });
