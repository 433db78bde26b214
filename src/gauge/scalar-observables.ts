/** Averages over configurations of scalar matter. */
import { type Channels, type Complex, DirectionalField, Field, type LinkField, type Links, Plan, type Real, type Scalar, add, channel, im, kind, mean, re, samplewise, scaleBy, shift, square } from "../autograd/index.ts";
import { CovarianceError } from "../errors.ts";
import { guard } from "../util/index.ts";
import { PerStructure } from "./per-lattice.ts";
import { type Matter, product, transportedHiggs } from "./scalar-action.ts";

/** Numbers of one configuration; on a batch of every sample. */
type Numbers = Readonly<Record<string, number>>;

const plans = new PerStructure<Plan<readonly unknown[], Numbers>>();
const higgsPlans = new PerStructure<Plan<readonly unknown[], Scalar>>();

/** Real components of a field that no gauge transformation turns. */
function componentsOf(phi: Matter): Real[] | undefined {
  const t = phi.type;
  if (t.kind === "real") return [phi as Real];
  if (t.kind === "complex") return [re(phi as Complex), im(phi as Complex)];
  return t.kind === "channels" ? Array.from({ length: t.count }, (_, k) => channel(phi as Channels, k)) : undefined;
}

function moments(phi: Matter): Readonly<Record<string, Scalar>> {
  const squared = product(phi, phi);
  const { dim } = phi.lattice;
  const parts = componentsOf(phi);
  const neighbours = (): Real[] => phi.lattice.extents.map((_, mu) => product(phi, shift(phi as Real, mu)));
  return {
    phi2: mean(squared),
    phi4: mean(square(squared)),
    ...(parts ? { neighbours: scaleBy(1 / dim, mean(add(...(neighbours() as [Real])))), ...Object.fromEntries(parts.map((x, k) => [`M.${k}`, mean(x)])) } : {}),
  };
}

/**
 * Averages over one configuration: phi2 and phi4, the means of |phi|^2 and |phi|^4; of fields without gauge transformation neighbours, the mean of (phi(n), phi(n + mu)) over
 * sites and directions, and with M = mean phi: modulus |M|, M2 = |M|^2, M4 = |M|^4, chi2 = V |M|^2, and of one real component M itself.
 * @throws CovarianceError for fields that are no scalar matter.
 */
export function scalarMoments(phi: Field): Numbers {
  guard("scalarMoments", { phi: [phi, kind.field] });
  const t = phi.type;
  if (!["real", "complex", "channels", "vector"].includes(t.kind) && !(t.kind === "matrix" && t.algebra)) throw new CovarianceError(`scalarMoments: got a ${t.kind} field, expected a real or complex one, channels, a vector, or an algebra field`);
  const found = plans.get({ phi }, () => new Plan((({ phi: x }: { readonly phi: Matter }) => moments(x)) as never, [{ phi }])).run({ phi }) as Numbers;
  const M = Object.keys(found).filter((name) => name.startsWith("M."));
  const { phi2, phi4, neighbours } = found as Record<string, number>;
  if (M.length === 0) return { phi2: phi2!, phi4: phi4! };
  const M2 = samplewise((...x) => x.reduce((s, m) => s + m * m, 0), ...M.map((name) => found[name]!));
  return {
    ...(M.length === 1 ? { M: found["M.0"]! } : {}),
    modulus: samplewise((x) => Math.sqrt(x), M2), M2, M4: samplewise((x) => x * x, M2), chi2: samplewise((x) => phi.lattice.volume * x, M2), phi2: phi2!, phi4: phi4!, neighbours: neighbours!,
  };
}

/**
 * The gauge-invariant link of a Higgs field, the mean of (phi(n), U_mu(n) phi(n + mu)) over sites and directions; in the adjoint representation of (phi, U phi U^+).
 * @throws CovarianceError for a field that does not turn with the links.
 */
export function higgsLink(U: LinkField, phi: Field): number {
  guard("higgsLink", { U: [U, kind.linkField], phi: [phi, kind.field] });
  const t = phi.type;
  if (!(U instanceof DirectionalField) || !(t.kind === "vector" || (t.kind === "matrix" && t.algebra)) || t.N !== U.N) throw new CovarianceError(`higgsLink: got a ${t.kind} field for links of N = ${U.N}, expected a vector or an algebra field of the same N`);
  const x = { U, phi };
  return higgsPlans
    .get(x, () => new Plan((({ U: V, phi: f }: { readonly U: Links; readonly phi: Matter }) => scaleBy(1 / V.lattice.dim, mean(add(...(V.values().map((_, mu) => product(f, transportedHiggs(V, f as never, mu))) as [Real]))))) as never, [x]))
    .run(x) as unknown as number;
}
