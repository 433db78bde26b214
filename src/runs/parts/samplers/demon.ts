/** Hybrid Monte Carlo whose links are visited by demons: couplings of what is sampled, by inverse Monte Carlo. */
import type { LinkField } from "../../../autograd/index.ts";
import { demonSweepU1 } from "../../../flows/index.ts";
import { parseGroup } from "../../../gauge/index.ts";
import { hmc } from "../../../samplers/index.ts";
import { PURPOSE, randomStream } from "../../../util/index.ts";
import { sampler } from "../part.ts";
import { count, positive } from "../../sections/schema-values.ts";
import { levelsOf } from "./levels.ts";
import { onObserved } from "../../moved.ts";
import { hybridMonteCarlo } from "./hmc.ts";
import { hmcOptions } from "../../sections/hmc-options.ts";

export const demonMethod = sampler({
  name: "demon",
  title: "hybrid Monte Carlo with demons",
  options: hmcOptions.safeExtend({
    operators: count.max(16).default(1).describe("O_k = sum (1 - cos kP), k = 1, 2, ...: a demon each"),
    most: positive.default(5).describe("largest |energy| of a demon"),
    width: positive.default(1).describe("proposals theta + U(-width, width)"),
    visits: count.default(1).describe("trajectories between two visits, so many that the links of one do not remember the other"),
  }),
  problem: (options, run) => {
    const { group, lattice } = run;
    if (parseGroup(group).N !== 1 || lattice.extents.length !== 2) return `kind: got demon for ${group} in ${lattice.extents.length} dimensions, expected U(1) in two`;
    return hybridMonteCarlo.problem!(options, run);
  },
  defaults: (options) => ({ ...options, ...hybridMonteCarlo.defaults!(options) }) as typeof options,
  build: ({ operators, most, width, visits, ...dynamics }, { system, guide, seed, stream, acceptAlways }) => {
    const chain = hmc({ action: system.target, levels: levelsOf(dynamics, system, guide), length: dynamics.length, seed, stream, acceptAlways });
    const random = randomStream(seed, stream);
    const energies = new Float64Array(operators);
    /** The demons go through a copy: the chain stays what it is, and the next links are new to them. */
    const visit = (V: LinkField, trajectory: number): void => {
      const numbers = random.sequence(PURPOSE.heatbath, trajectory);
      onObserved({ ...system, U: V }, (U) => demonSweepU1(anglesOf(U), U.lattice.extents as [number, number], energies, { most, width, uniform: () => numbers.next() }));
    };
    return {
      name: `${chain.name} with demons`,
      get trajectory() {
        return chain.trajectory;
      },
      set trajectory(t) {
        chain.trajectory = t;
      },
      step: (U) => {
        const result = chain.step(U);
        if ((result.trajectory + 1) % visits === 0) visit(U, result.trajectory);
        return result;
      },
      *steps(U) {
        const result = yield* chain.steps(U);
        if ((result.trajectory + 1) % visits === 0) visit(U, result.trajectory);
        return result;
      },
      reversibility: (U) => chain.reversibility(U),
      reversing: (U) => chain.reversing(U),
      solveError: (U) => chain.solveError(U),
      memory: { take: () => energies.slice(), give: (x) => energies.set(x) },
      values: () => (chain.trajectory % visits === 0 ? Object.fromEntries(Array.from(energies, (E, k) => [`demon(${most}).${k + 1}`, E])) : {}),
    };
  },
  cite: ["0808.4046"],
  starter: "steps = 8                   # of a trajectory\nlength = 1.0\noperators = 2               # O_k = sum (1 - cos kP): a demon each\nmost = 5.0                  # largest energy of a demon\nvisits = 3                  # trajectories between two visits",
});

/** Angles site x + Lx t of both directions. */
function anglesOf(U: LinkField): [Float64Array, Float64Array] {
  const { lattice } = U;
  const [Lx] = lattice.extents;
  const of = (mu: number): Float64Array => {
    const out = new Float64Array(lattice.volume);
    const z = U.toArray(mu);
    for (let n = 0; n < lattice.volume; n++) {
      const [x, t] = lattice.coordinates(n);
      out[x! + Lx! * t!] = Math.atan2(z[2 * n + 1]!, z[2 * n]!);
    }
    return out;
  };
  return [of(0), of(1)];
}
