/**
 * Local Metropolis updates of spins. The proposal of one spin depends on S . S' only, so it is symmetric: with probability 1/2 the
 * direction of S plus 0.5 times a normal vector, else a fresh direction.
 */
import { PURPOSE, type RandomStream } from "../util/index.ts";
import type { LocalChain } from "./weights.ts";

/** Width of the local proposal. */
const WIDTH = 0.5;

/** Numbers drawn one after the other. */
export type Sequence = ReturnType<RandomStream["sequence"]>;

/** The numbers of Monte Carlo step `step`: every step has its own, so a run resumes with the same bits. */
export function stepSequence(random: RandomStream, step: number): Sequence {
  return random.sequence(PURPOSE.metropolis, step);
}

function proposeSpin(random: Sequence, spins: Float64Array, site: number, out: Float64Array): void {
  const local = random.next() < 0.5;
  let square = 0;
  for (let c = 0; c < 3; c++) {
    const x = random.normal();
    out[c] = local ? spins[3 * site + c]! + WIDTH * x : x;
    square += out[c]! * out[c]!;
  }
  const inverse = 1 / Math.sqrt(square);
  for (let c = 0; c < 3; c++) out[c] = out[c]! * inverse;
}

/**
 * Updates at `updates` independently drawn sites; gives the number accepted. Each update is reversible with respect to the chain's weight and
 * the sites do not depend on the spins, so the whole is reversible too (a fixed order of sites would not be).
 */
export function metropolisUpdates(chain: LocalChain, updates: number, random: Sequence): number {
  const volume = chain.spins.length / 3;
  const spin = new Float64Array(3);
  let accepted = 0;
  for (let k = 0; k < updates; k++) {
    const site = random.int(volume);
    proposeSpin(random, chain.spins, site, spin);
    const difference = chain.propose(site, spin);
    if (difference >= 0 || random.next() < Math.exp(difference)) {
      chain.accept();
      accepted++;
    }
  }
  return accepted;
}
