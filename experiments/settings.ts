/** What the SU(2) experiments share. */
import type { Physics, Training } from "./task.ts";

/** The benchmark of arXiv:2103.11965 with 20 leapfrog steps. */
export const BENCHMARK: Physics = { extents: [4, 4, 4, 4], beta: 2.7, mass: 0.3, guideMass: 0.4, steps: 20 };

const LABELS: Readonly<Record<string, string>> = {
  hmc: "HMC",
  none: "no network",
  stout1: "stout, 1 layer",
  stout2: "stout, 2 layers",
  stout2x4: "stout with rectangles and Polyakov lines, 2 layers",
  stout3x4: "stout with rectangles and Polyakov lines, 3 layers",
  covariant6: "gauge covariant network, 2 layers",
  covariant12: "gauge covariant network, 4 layers",
  cask1: "CASK, 1 block, S = 3",
  cask2: "CASK, 2 blocks, S = 3",
  "cask1-short": "CASK, 1 block, S = 1",
  "cask2-short": "CASK, 2 blocks, S = 1",
  "covariant6+cask1-short": "covariant network and CASK block",
};

/** A network's name in words. */
export const label = (network: string, extra: readonly string[] = []): string => [LABELS[network] ?? network, ...extra].join(" + ");

/**
 * How a network is trained: few linear-like weights by Gauss-Newton on stored configurations; attention, whose weights multiply each other, by Adam
 * in a prior HMC run, and so is force matching, which is no mean of squares.
 */
export function trainingOf(network: string, objective: Training["objective"], { samples, epochs, trajectories }: { readonly samples: number; readonly epochs: number; readonly trajectories: number }): Training {
  if (network.includes("cask") || objective === "force matching") return { objective, method: "online", optimiser: "adam", rate: 4e-3, rounds: trajectories, batch: objective === "force matching" ? 4 : 8 };
  return { objective, method: "offline", optimiser: "gaussNewton", rounds: epochs, batch: samples, samples };
}
