/** The works that are measured, as recorded programs, and the backends they are measured on. */
import { type LatticeOptions, type LinkField, type Links, type Plan, type Scalar, BackendError, add, adj, closedFormLinks, exp, lattice, mul, plaquette, reTrace, record, scaleBy, staples, sum, ta, valueAndGrad } from "gaugegrad";

/** Sum of Re tr over all plaquettes. */
export function plaquetteSum(U: Links): Scalar {
  const terms = [];
  for (let mu = 0; mu < U.dim; mu++) for (let nu = mu + 1; nu < U.dim; nu++) terms.push(reTrace(plaquette(U, mu, nu)));
  return sum(add(terms[0]!, ...terms.slice(1)));
}

/** One stout step with rho = 0.1. */
export const stoutStep = (U: Links): Links => U.map((mu) => mul(exp(ta(scaleBy(0.1, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));

/** Plaquette sum after some stout steps. */
export const smeared = (layers: number) => (U: Links): Scalar => plaquetteSum(Array.from({ length: layers }).reduce((V: Links) => stoutStep(V), U));

export interface Backend {
  readonly name: string;
  readonly options: LatticeOptions;
}

/** What is measured here: native only where it works; `--backend` picks one. */
export function backends(threads = 1): Backend[] {
  const all: Backend[] = [
    { name: "js", options: { backend: "js" } },
    { name: "wasm", options: { backend: "wasm", threads } },
    { name: "native", options: { backend: "native", threads } },
  ];
  return all.filter(({ name, options }) => {
    if (name !== "native") return true;
    try {
      lattice([2, 2], options);
      return true;
    } catch (e) {
      if (!(e instanceof BackendError)) throw e;
      process.stderr.write(`${e.message}\n`);
      return false;
    }
  });
}

/** Flop and bytes a site of a compiled plan, added over its kernels. */
export function cost(plan: { describe(): string }): { flops: number; bytes: number } {
  const kernels = [...plan.describe().matchAll(/^kernel on (?:all|even|odd): .* (\d+) flop, (\d+) B loaded, (\d+) B stored/gm)];
  return {
    flops: kernels.reduce((s, k) => s + Number(k[1]), 0),
    bytes: kernels.reduce((s, k) => s + Number(k[2]) + Number(k[3]), 0),
  };
}

export interface Recorded {
  readonly name: string;
  readonly volume: number;
  readonly flops: number;
  readonly bytes: number;
  run(): void;
  /** Numbers that all backends must agree on. */
  result(): Float64Array[];
}

/** Value and gradient of an action on a backend, on links without structure. */
export function valueAndForce(backend: Backend, extents: readonly number[], N: number, S: (U: Links) => Scalar): Recorded {
  const L = lattice(extents, backend.options);
  const U = closedFormLinks(L, N, 0.7) as LinkField;
  const plan = record((V: Links) => valueAndGrad(S)(V) as never, U) as unknown as Plan<[LinkField], never>;
  const run = (): { value: number; grad: LinkField } => plan.run(U) as unknown as { value: number; grad: LinkField };
  return { name: backend.name, volume: L.volume, ...cost(plan), run, result: () => [Float64Array.of(run().value), ...run().grad.fields.map((f) => f.toArray())] };
}
