/** Self-learning HMC without pseudofermions: acceptance against the mass of the guide and the number of loops, beside that of the talk; noise against the number of fields. */
import { acceptanceOfSd } from "gaugegrad";
import { linePlot } from "gaugegrad/report";
import { type ChainResult, type ExactResult, type ExactTask, type FitResult, type NetworkResult, runExact } from "./exact-runs.ts";
import { overSeeds, shown, writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

type Settings = Omit<ExactTask, "seed"> & { readonly seeds: readonly number[] };

export default async function exact({ settings, quick, out, runs: folder }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const { seeds, ...s } = settings as unknown as Settings;
  const amount = quick ? { thermalise: 50, configurations: 80, trajectories: 25, noise: { ...s.noise, trajectories: 25 } } : {};
  const tasks = (quick ? seeds.slice(0, 1) : seeds).map((seed): ExactTask => ({ ...s, ...amount, seed }));
  const results = await runExact(tasks, folder);
  const over = (pick: (r: ExactResult) => readonly [number, number]): [number, number] => overSeeds(results.map(pick));
  const scatter = (pick: (r: ExactResult) => number): [number, number] => over((r) => [pick(r), 0]);
  const chainCells = (of: (r: ExactResult) => ChainResult): string[] => [shown(over((r) => of(r).acceptance)), shown(over((r) => of(r).expMinusDH)), scatter((r) => of(r).sd)[0].toFixed(3), shown(over((r) => of(r).plaquette)), scatter((r) => of(r).seconds)[0].toFixed(2)];
  const [first] = results as [ExactResult];
  const guideText = (mass: number): string => (mass === 0 ? "none" : String(mass));
  const rows = first.fits.map((f, k) => {
    const at = (r: ExactResult): FitResult => r.fits[k]!;
    return [guideText(f.mass), f.family, f.weights.map((_, j) => scatter((r) => at(r).weights[j]!)[0].toFixed(4)).join(", "), scatter((r) => at(r).sd)[0].toFixed(3), scatter((r) => at(r).change)[0].toFixed(3), scatter((r) => acceptanceOfSd(at(r).change))[0].toFixed(3), ...(f.chain ? chainCells((r) => at(r).chain!) : ["", "", "", "", ""])];
  });
  const networkRows = first.networks.map((f, k) => {
    const at = (r: ExactResult): NetworkResult => r.networks[k]!;
    return [guideText(f.mass), f.mass > 0 ? scatter((r) => at(r).flavours)[0].toFixed(2) : "", scatter((r) => at(r).sd)[0].toFixed(3), scatter((r) => at(r).change)[0].toFixed(3), scatter((r) => acceptanceOfSd(at(r).change))[0].toFixed(3), ...chainCells((r) => at(r).chain)];
  });
  const families = Object.keys(s.families);
  const masses = s.guides.map((g) => g.mass).filter((m) => m > 0);
  writePage(out, {
    name: "exact",
    title: "Self-learning HMC without pseudofermions",
    text: [
      `SU(2), ${s.extents.join("x")}, beta = ${s.beta}, one staggered field (Nf = 4) of mass ${s.mass}: the Metropolis step has the determinant itself, molecular dynamics the determinant of another mass and loops whose weights are regressed along a chain of the target (first half of ${tasks[0]!.configurations} configurations, one trajectory apart; the standard deviations of S - S_theta and of its change along a trajectory are those of the second half). Trajectories of length 1, nested Omelyan steps, ${s.detSteps} with the determinant. Weights are those of (1 - Re tr/N) of every loop of a family at every site, in addition to beta; "expected" is erfc(sd / (2 sqrt 2)) of the change.`,
      "The talk's benchmark (arXiv:2103.11965, CASK: arXiv:2501.16955) with pseudofermions shared by target and guide, m_h = 0.4: no network 0.60, six weights 0.78, best networks 0.80 to 0.87.",
    ],
    figures: {
      "expected acceptance": linePlot({ title: "Exact determinants: acceptance of a trajectory of length 1", xLabel: "mass in the molecular dynamics", yLabel: "acceptance", series: families.map((family) => ({ name: family, x: masses, y: masses.map((m) => scatter((r) => acceptanceOfSd(r.fits.find((f) => f.mass === m && f.family === family)!.change))[0]), error: masses.map(() => 0) })) }),
    },
    table: { header: ["m_h", "loops", "weights", "sd", "sd of the change", "expected", "acceptance", "<exp(-dH)>", "sd of dH", "plaquette", "seconds a trajectory"], rows },
    further: [
      {
        text: `With a network (stout steps with rho = ${s.network.rho.join(", ")}): S_theta has the ${s.network.loops.length} families of loops on the links and on those of the network, and, where they are not 4, the flavours of the heavier determinant are free as well; all of these are one linear regression on the noise-free target.`,
        header: ["m_h", "flavours of its determinant", "sd", "sd of the change", "expected", "acceptance", "<exp(-dH)>", "sd of dH", "plaquette", "seconds a trajectory"],
        rows: networkRows,
      },
      {
        text: `Noise against the number of fields: the heavier determinant (m_h = ${s.noise.mass}) is a pseudofermion field of the target and leads together with the regressed plaquette; the ratio of the determinants stands in the Metropolis step alone, in k fields of its k-th root. The last line has the exact ratio.`,
        header: ["fields of the ratio", "acceptance", "<exp(-dH)>", "sd of dH", "plaquette", "seconds a trajectory"],
        rows: [
          ...first.noise.map((n, k) => [String(n.roots), ...chainCells((r) => r.noise[k]!)]),
          ...(first.fits.some((f) => f.mass === s.noise.mass && f.family === "plaquette" && f.chain) ? [["exact", ...chainCells((r) => r.fits.find((f) => f.mass === s.noise.mass && f.family === "plaquette")!.chain!)]] : []),
        ],
      },
    ],
    conclusions: [
      `Chiral condensate of the chain of the target, from the derivative of the determinant: ${shown(over((r) => r.condensate))} (other programs: 0.4243(2)); plaquettes of all chains sample one target (other programs: 0.7025(1), 0.7023(1)).`,
      "An independent program measured, with exact determinants, 0.899(5) at m_h = 0.4, 0.953(3) with the plaquette, 0.970(5) with five loops, and 0.643(9) and 0.853(11) with the plaquette and five loops without any determinant. What limits self-learning HMC with pseudofermions on this lattice is their noise, not the guide.",
    ],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
