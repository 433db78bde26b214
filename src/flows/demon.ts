/**
 * Canonical demon method (inverse Monte Carlo): couplings beta_k of exp(-sum_k beta_k O_k) from its configurations. Demons with energies E_k in [-Em, Em] let local proposals
 * pass that they can pay for, O_k + E_k is conserved, and E_k is distributed as exp(-beta_k E): <E_k> = 1/beta_k - Em coth(beta_k Em).
 */
import { ConfigurationError } from "../errors.ts";
import { guard, is } from "../util/index.ts";

/**
 * One sweep of two-dimensional U(1) angles theta_mu(n), site by site, by the operators O_1 = sum (1 - cos P), O_2 = sum (1 - cos 2P), ...: proposals theta + U(-width, width), which
 * pass when every demon stays within [-most, most]. Angles (site x + Lx t) and demons are changed in place. Returns the acceptance. @throws ConfigurationError for angles of another lattice.
 */
export function demonSweepU1(angles: readonly [Float64Array, Float64Array], extents: readonly [number, number], demons: Float64Array, options: { readonly most: number; readonly width: number; readonly uniform: () => number }): number {
  guard("demonSweepU1", { angles: [angles, is.listOf(is.listOf(is.finite), 2)], extents: [extents, is.listOf(is.count, 2)], demons: [demons, is.listOf(is.finite)], options: [options, is.keysOf("most", "width", "uniform")] });
  guard("demonSweepU1", { most: [options.most, is.positive], width: [options.width, is.positive], uniform: [options.uniform, is.callable] });
  const [Lx, Lt] = extents;
  if (angles.some((a) => a.length !== Lx * Lt)) throw new ConfigurationError(`demonSweepU1: got ${angles.map((a) => a.length).join(" and ")} angles, expected ${Lx * Lt} a direction`);
  const at = (x: number, t: number): number => ((x + Lx) % Lx) + Lx * ((t + Lt) % Lt);
  const P = (x: number, t: number): number => angles[0][at(x, t)]! + angles[1][at(x + 1, t)]! - angles[0][at(x, t + 1)]! - angles[1][at(x, t)]!;
  let accepted = 0;
  for (let t = 0; t < Lt; t++)
    for (let x = 0; x < Lx; x++)
      for (const mu of [0, 1] as const) {
        // plaquettes through the link, with the sign in which it enters
        const touched = mu === 0 ? ([[P(x, t), 1], [P(x, t - 1), -1]] as const) : ([[P(x, t), -1], [P(x - 1, t), 1]] as const);
        const turn = options.width * (2 * options.uniform() - 1);
        const change = demons.map((_, k) => touched.reduce((s, [p, sign]) => s + Math.cos((k + 1) * p) - Math.cos((k + 1) * (p + sign * turn)), 0));
        if (!demons.every((E, k) => Math.abs(E - change[k]!) <= options.most)) continue;
        angles[mu][at(x, t)]! += turn;
        demons.forEach((E, k) => (demons[k] = E - change[k]!));
        accepted++;
      }
  return accepted / (2 * Lx * Lt);
}
