/** The distribution exp(-beta E) of a demon's energy on [-Em, Em]: its mean, and the coupling that has it. */
import { ConfigurationError } from "../errors.ts";
import { guard } from "./guard.ts";
import * as is from "./guard.ts";

/** Mean energy of a demon at the coupling beta. */
export function demonEnergy(beta: number, most: number): number {
  guard("demonEnergy", { beta: [beta, is.finite], most: [most, is.positive] });
  const x = beta * most;
  // 1/x - coth x = -x/3 + x^3/45 - ...
  if (Math.abs(x) < 1e-2) return most * (-x / 3 + x ** 3 / 45 - (2 * x ** 5) / 945);
  return most * (1 / x - 1 / Math.tanh(x));
}

/** The coupling at which a demon has this mean energy. @throws ConfigurationError for an energy that no demon has. */
export function demonCoupling(energy: number, most: number): number {
  guard("demonCoupling", { energy: [energy, is.finite], most: [most, is.positive] });
  if (Math.abs(energy) >= most) throw new ConfigurationError(`demonCoupling: got the mean energy ${energy}, expected one between -${most} and ${most}: give the demons more room`);
  let [low, high] = [-1e6, 1e6];
  for (let k = 0; k < 200; k++) {
    const middle = (low + high) / 2;
    // the energy falls with the coupling
    if (demonEnergy(middle, most) > energy) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
