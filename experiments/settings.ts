/** What the SU(2) experiments share. */
/** The benchmark of arXiv:2103.11965 with 20 leapfrog steps (QPQ) of trajectories of length 1. */
export const BENCHMARK = { extents: [4, 4, 4, 4], beta: 2.7, mass: 0.3, steps: 20 } as const;

const LABELS: Readonly<Record<string, string>> = {
  hmc: "HMC",
  none: "no network",
  stout1: "stout, 1 layer",
  stout1x2: "stout with rectangles, 1 layer",
  stout2: "stout, 2 layers",
  stout2x4: "stout with rectangles and Polyakov lines, 2 layers",
  stout3x4: "stout with rectangles and Polyakov lines, 3 layers",
  covariant6: "gauge covariant network, 2 layers",
  covariant12: "gauge covariant network, 4 layers",
  cask1: "CASK, 1 block, S = 3",
  cask2: "CASK, 2 blocks, S = 3",
  "cask1-short": "CASK, 1 block, S = 1",
  "cask2-short": "CASK, 2 blocks, S = 1",
  "covariant6-cask": "gauge covariant network and CASK block, S = 1",
};

/** A network's name in words. */
export const label = (network: string, extra: readonly string[] = []): string => [LABELS[network] ?? network, ...extra].join(" + ");

/** A network and what is trained along with it. */
export interface NetworkChoice {
  readonly network: string;
  readonly extra: readonly string[];
}

/** The network of a text such as "covariant6 + couplings + normalisation". */
export function networkOf(text: string): NetworkChoice {
  const [network, ...extra] = text.split(" + ");
  return { network: network!, extra };
}

/** The same in words. */
export function nameOf(text: string): string {
  const { network, extra } = networkOf(text);
  return label(network, extra);
}
