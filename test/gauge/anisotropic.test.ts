/** Anisotropic couplings: against sums over planes, exact values in two dimensions, heatbath and molecular dynamics of the same action. */
import { expect, test } from "vitest";
import { type LinkField, SU, U1, closedFormLinks, gaugeAction, hot, lattice, plaquettes } from "gaugegrad";
import { Heatbath, heatbath, runChain, summarise } from "../../src/samplers/index.ts";
import { alongDirection, forceNorms } from "../fermions/helpers.ts";

const geo = lattice([4, 4, 2, 4]);
const U = closedFormLinks(geo, 3 as number, 0.7) as LinkField;

test("beta / xi on the three planes of space, beta xi on those with time; xi = 1 is the isotropic action", () => {
  const [beta, xi] = [5.7, 2.3];
  const { xy, xz, yz, xt, yt, zt } = plaquettes(U).planes as Record<string, number>;
  const space = 3 - (xy! + xz! + yz!);
  const time = 3 - (xt! + yt! + zt!);
  const S = gaugeAction.anisotropic({ beta, xi });
  expect(Math.abs(S.value(U) / (beta * geo.volume * (space / xi + xi * time)) - 1)).toBeLessThan(1e-13);
  expect(Math.abs(gaugeAction.anisotropic({ beta, xi: 1 }).value(U) / gaugeAction.wilson({ beta }).value(U) - 1)).toBeLessThan(1e-13);
  expect(Math.abs(gaugeAction.anisotropic({ beta, xi: 1, c1: -1 / 12 }).value(U) / gaugeAction.symanzik({ beta }).value(U) - 1)).toBeLessThan(1e-13);
  expect(Math.abs(S.parameterGradient(U).gradient.xi / (beta * geo.volume * (time - space / xi ** 2)) - 1)).toBeLessThan(1e-12);
});

test("force along a direction of all links", () => {
  const S = gaugeAction.anisotropic({ beta: 5.7, xi: 3, c1: -0.1 });
  expect(Math.abs(alongDirection((V) => S.value(V), U, 2e-3) / forceNorms(S.force(U)).dSX - 1)).toBeLessThan(1e-8);
});

test("heatbath: overrelaxation keeps this action; in two dimensions every plane has time, <P> = I_1/I_0 at beta xi", () => {
  const V = hot(lattice([4, 4, 2, 4]), SU(2), { seed: 1 }) as LinkField;
  const S = gaugeAction.anisotropic({ beta: 2, xi: 2.5 });
  const [before, other] = [S.value(V), gaugeAction.wilson({ beta: 2 }).value(V)];
  (heatbath({ beta: 2, xi: 2.5, seed: 1 }) as Heatbath).overrelax(V);
  expect(Math.abs(S.value(V) / before - 1)).toBeLessThan(1e-12);
  expect(Math.abs(gaugeAction.wilson({ beta: 2 }).value(V) / other - 1)).toBeGreaterThan(1e-3);
  const W = hot(lattice([8, 8]), U1, { seed: 2 }) as LinkField;
  const { values } = summarise(runChain({ sampler: heatbath({ beta: 1.25, xi: 1.6, seed: 2 }), U: W, trajectories: 1500, thermalisation: 50, measure: { plaquette: (X) => plaquettes(X).mean } }));
  const { mean, error } = values["plaquette"]!;
  expect(Math.abs(mean - 0.697775) / error).toBeLessThan(4);
  expect(error).toBeLessThan(3e-3);
});
