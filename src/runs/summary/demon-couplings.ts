/** Couplings from the energies that demons had, `demon(5).1` with their largest energy and the number of the operator. */
import { type Estimate, demonCoupling, demonEnergy } from "../../util/index.ts";

const NAME = /^demon\((.+)\)\.(\d+)$/;

/** `coupling.1`, ... of the energies among estimates; the error is that of the mean energy over the slope of energy against coupling. */
export function demonCouplings(estimates: { readonly [name: string]: Estimate }): { readonly [name: string]: Estimate } {
  return Object.fromEntries(
    Object.entries(estimates).flatMap(([name, e]) => {
      const [, most, k] = NAME.exec(name) ?? [];
      if (most === undefined || Math.abs(e.mean) >= Number(most)) return [];
      const beta = demonCoupling(e.mean, Number(most));
      const d = 1e-3;
      const slope = (demonEnergy(beta + d, Number(most)) - demonEnergy(beta - d, Number(most))) / (2 * d);
      return [[`coupling.${k}`, { ...e, mean: beta, error: e.error / Math.abs(slope) }] as const];
    }),
  );
}

/** What reports call these values. */
export function demonLabel(name: string): string | undefined {
  const [, , k] = NAME.exec(name) ?? [];
  return k === undefined ? undefined : `energy of demon ${k}`;
}
