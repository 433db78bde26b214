/** Long Monte Carlo of spins with fermions: the reference run, regression figures, self-learning against exact Metropolis, acceptance of trained attention. */
import { expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { gaussNewton } from "gaugegrad/training";
import {
  type SpinChain, type SpinSample, type SpinWeight, doubleExchange, exactSamples, fitLinear, localMetropolis, magnetisation, meanSquare, neel, selfLearning, spinTransformer, staggeredMagnetisation,
  startTraining, trainSteps, withLinearCouplings,
} from "gaugegrad/spins";
import { type Estimate, gammaMethod, zScore } from "gaugegrad/util";

interface Averages {
  readonly logWeight: Estimate;
  readonly magnetisation: Estimate;
  readonly staggered: Estimate;
  readonly acceptance: Estimate;
}

function averages(chain: SpinChain, extents: readonly number[], thermalise: number, steps: number, keep?: SpinSample[]): Averages {
  const geometry = lattice(extents);
  for (let k = 0; k < thermalise; k++) chain.step();
  const [w, m, a, p]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let k = 0; k < steps; k++) {
    const s = chain.step();
    w.push(s.logWeight);
    m.push(magnetisation(geometry, s.spins));
    a.push(staggeredMagnetisation(geometry, s.spins));
    p.push(s.probability);
    keep?.push(s);
  }
  return { logWeight: gammaMethod(w), magnetisation: gammaMethod(m), staggered: gammaMethod(a), acceptance: gammaMethod(p) };
}

const agree = (a: Estimate, mean: number, error: number): void => expect(Math.abs(zScore(a.mean, a.error, mean, error))).toBeLessThan(4);

test("6 x 6, J = t, T = 0.05: averages and in-sample regression errors of the reference run", () => {
  const geometry = lattice([6, 6]);
  const target = doubleExchange(geometry, { J: 1, T: 0.05 });
  const samples: SpinSample[] = [];
  const run = averages(localMetropolis(target, neel(geometry).toArray(), { seed: 1 }), [6, 6], 300, 1500, samples);
  agree(run.staggered, 0.524, 0.008);
  agree(run.magnetisation, 0.165, 0.004);
  agree(run.logWeight, 1220.95, 0.47);
  // mean squares over correlated samples of two runs: 30 percent
  for (const [shells, mse] of [[1, 9.16], [2, 2.97], [3, 2.29], [4, 1.98], [6, 1.44], [9, 0.32]] as const) expect(Math.abs(fitLinear(geometry, 0.05, shells, samples).mse / mse - 1)).toBeLessThan(0.3);
});

test.each([[4, 0.05], [4, 0.1], [4, 0.2], [6, 0.05], [6, 0.1], [6, 0.2]])("extent %s, T = %s: self-learning with the linear and the attention model agrees with exact Metropolis", (L, T) => {
  const geometry = lattice([L, L]);
  const target = doubleExchange(geometry, { J: 1, T });
  const exact = averages(localMetropolis(target, neel(geometry).toArray(), { seed: 3 }), [L, L], 200, L === 4 ? 4000 : 900);
  const { samples } = exactSamples(target, { count: 400, seed: 5 });
  const shells = L === 4 ? 3 : 6;
  const base = withLinearCouplings(spinTransformer(geometry, { T, shells, reach: shells, layers: 1 }).randomised({ seed: 7, width: 0.1 }), samples);
  const optimiser = gaussNewton({ damping: 1e-2 });
  const attention = trainSteps(startTraining(base, { optimiser }), samples, { optimiser }, 15).model;
  for (const effective of [fitLinear(geometry, T, 3, samples).model, attention]) {
    const run = averages(selfLearning(samples[0]!.spins, { target, effective, updates: 3 * geometry.volume, seed: 9 }), [L, L], 200, 2000);
    agree(run.staggered, exact.staggered.mean, exact.staggered.error);
    agree(run.magnetisation, exact.magnetisation.mean, exact.magnetisation.error);
    agree(run.logWeight, exact.logWeight.mean, exact.logWeight.error);
  }
});

test("acceptance with attention is far above that of the linear model, and 0.75 or more with all shells", () => {
  const geometry = lattice([6, 6]);
  const target = doubleExchange(geometry, { J: 1, T: 0.05 });
  const { samples: all } = exactSamples(target, { count: 1200, seed: 15 });
  const [held, samples] = [all.slice(0, 400), all.slice(400)];
  const optimiser = gaussNewton({ damping: 1e-2 });
  const acceptance = (effective: SpinWeight): number => averages(selfLearning(all[0]!.spins, { target, effective, updates: 72, seed: 4 }), [6, 6], 20, 400).acceptance.mean;
  const trained = (shells: number): SpinWeight => {
    const start = withLinearCouplings(spinTransformer(geometry, { T: 0.05, shells, reach: shells }).randomised({ seed: 2, width: 0.1 }), samples);
    return trainSteps(startTraining(start, { optimiser }), samples, { optimiser }, 25).model;
  };
  const linear = fitLinear(geometry, 0.05, 3, samples).model;
  const [six, nine] = [trained(6), trained(9)];
  expect(meanSquare(six, held)).toBeLessThan(0.3 * meanSquare(linear, held));
  const values = [acceptance(linear), acceptance(six), acceptance(nine)] as const;
  console.log(`acceptance: linear ${values[0].toFixed(3)}, one layer with 6 shells ${values[1].toFixed(3)}, with 9 shells ${values[2].toFixed(3)}`);
  expect(values[0]).toBeLessThan(0.4);
  expect(values[1]).toBeGreaterThan(values[0] + 0.2);
  expect(values[2]).toBeGreaterThan(0.75);
});
