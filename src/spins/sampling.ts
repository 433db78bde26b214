/**
 * Exact configurations at the cost of about one spectrum each: a short run of local Metropolis determines a linear effective weight on all
 * shells, then self-learning Monte Carlo with it makes nearly independent proposals. Every step is exact for the target.
 */
import { ConfigurationError } from "../errors.ts";
import type { DoubleExchange } from "./double-exchange.ts";
import { type LinearFit, type SpinSample, fitLinear } from "./linear-model.ts";
import { localMetropolis, selfLearning } from "./slmc.ts";
import { randomSpins } from "./spin-field.ts";

/** Number, seed and spacing of configurations. */
export interface SamplingOptions {
  /** Configurations wanted. */
  readonly count: number;
  readonly seed: number;
  /** Sweeps of local Metropolis before; default 80, of which the first quarter is dropped. */
  readonly thermalise?: number;
  /** Monte Carlo steps between configurations; default 2. */
  readonly spacing?: number;
}

/** Configurations of the exact weight, with ln W of each. */
export interface ExactSamples {
  readonly samples: readonly SpinSample[];
  /** The linear weight that made the proposals. */
  readonly proposal: LinearFit;
  /** Fraction of accepted proposals. */
  readonly acceptance: number;
}

/** @throws ConfigurationError for counts that are not positive integers. */
export function exactSamples(target: DoubleExchange, { count, seed, thermalise = 80, spacing = 2 }: SamplingOptions): ExactSamples {
  for (const [name, x] of Object.entries({ count, thermalise, spacing })) if (!Number.isInteger(x) || x < 1) throw new ConfigurationError(`samples of spins: got ${name} = ${x}, expected a positive integer`);
  const { lattice, T } = target;
  // all shells that the lattice has, but no more couplings than a short run determines
  const shells = Math.min(9, shellCount(target));
  const pieces = 3;
  const updates = Math.ceil(lattice.volume / pieces);
  const local = localMetropolis(target, randomSpins(lattice, { seed }).toArray(), { seed, updates });
  const first: SpinSample[] = [];
  for (let k = 0; k < pieces * thermalise; k++) {
    const s = local.step();
    if (4 * k >= pieces * thermalise) first.push(s);
  }
  const chain = selfLearning(local.spins, { target, effective: fitLinear(lattice, T, shells, first).model, updates: 4 * lattice.volume, seed: seed + 1 });
  // the first fit sees few independent configurations: a second one from the chain it makes
  const second = Array.from({ length: 10 * thermalise }, () => chain.step());
  const proposal = fitLinear(lattice, T, shells, second);
  chain.effective = proposal.model;
  const samples: SpinSample[] = [];
  let accepted = 0;
  for (let k = 0; k < count * spacing; k++) {
    const s = chain.step();
    accepted += s.accepted ? 1 : 0;
    if ((k + 1) % spacing === 0) samples.push({ spins: s.spins, logWeight: s.logWeight });
  }
  return { samples, proposal, acceptance: accepted / (count * spacing) };
}

/** Number of distance shells of the lattice without the site itself. */
function shellCount({ lattice }: DoubleExchange): number {
  const distances = new Set<number>();
  for (let n = 1; n < lattice.volume; n++) distances.add(lattice.coordinates(n).reduce((s, x, mu) => s + Math.min(x, lattice.extents[mu]! - x) ** 2, 0));
  return distances.size;
}
