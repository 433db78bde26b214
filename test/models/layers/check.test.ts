/** Every layer through the check: derivatives to second order, covariance, symmetries, group. */
import { expect, test } from "vitest";
import { type CheckedLayer, ape, cask, check, covariantNetwork, flowLayer, hex, hyp, nhyp, recomputed, stout } from "gaugegrad";
import { linksOn } from "./fields.ts";

const cases: readonly [string, CheckedLayer, readonly number[], number][] = [
  ["stout, all loops", stout({ rho: { plaquette: 0.1, rectangle: 0.02, chair: -0.01, polyakov: 0.05 } }), [3, 2, 2], 2],
  ["anisotropic stout", stout({ rho: { s: 0.1, t: 0.05 }, loops: { s: { loop: "plaquette", links: "spatial", through: "spatial" }, t: { loop: "polyakov", links: "temporal" } } }), [3, 3, 4], 2],
  ["covariant network", covariantNetwork({ layers: [[0.1, 0.05, -0.03], [0.07, -0.04, 0.02]] }), [4, 3], 1],
  ["APE SU", ape({ alpha: 0.4 }), [4, 3, 2], 3],
  ["APE U, free weights", ape({ w1: 0.6, w2: { plaquette: 0.1, rectangle: 0.02 }, projection: "U" }), [4, 3], 2],
  ["HYP", hyp(), [2, 3, 2, 2], 2],
  ["nHYP", nhyp(), [3, 2, 2], 3],
  ["HEX", hex(), [3, 2, 2], 3],
  ["flow", flowLayer({ time: 0.1, steps: 2, rho: { plaquette: [0.9, 0.3], polyakov: [0.1, -0.2] }, basis: "legendre" }), [4, 3], 2],
  ["CASK symmetric", cask({ rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04 }), [3, 4], 3],
  ["CASK code", cask({ rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04, variant: "code" }), [3, 4], 2],
  ["CASK softmax star heads", cask({ activation: "softmax", pattern: "star", relay: 0.2, length: 2, rho: 0.1, rhoQ: [0.1, -0.2], rhoK: [0.15, 0.1], rhoV: [0.1, 0.05] }), [3, 2, 2], 2],
  ["CASK, recomputed", recomputed(cask({ rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04, length: 2 })) as CheckedLayer, [3, 4], 2],
  ["CASK of SU(4)", cask({ rho: 0.06, rhoQ: 0.08, rhoK: -0.05, rhoV: 0.04, length: 1 }), [3, 3], 4],
  ["HYP of SU(4)", hyp(), [3, 3], 4],
  ["CASK tanh loops", cask({ activation: "tanh", length: 2, finalStep: false, rhoQ: { rectangle: 0.1, polyakov: 0.1 }, rhoK: { rectangle: 0.1, polyakov: 0.1 }, rhoV: { rectangle: 0.1, polyakov: 0.1 } }), [3, 4], 1],
];
/** Symmetries that a layer lacks by construction: weights that know directions; the published attention; det = 1 of polar parts. */
const lacks: Readonly<Record<string, object>> = { "CASK code": { rotations: false, reflections: false }, "anisotropic stout": { rotations: false }, "covariant network": { rotations: false }, nHYP: { determinant: false } };

test.each(cases)("%s", (name, layer, extents, N) => {
  const report = check(layer, linksOn(extents, N), { expect: { rotations: true, reflections: true, chargeConjugation: true, ...lacks[name] } });
  const failed = report.items.filter((i) => i.status === "fail").map((i) => i.name);
  expect(failed, report.toString()).toEqual([]);
  const broken = report.items.filter((i) => i.status === "accepted").map((i) => i.name.split(" ")[0]);
  expect(broken.length > 0, report.toString()).toBe(name in lacks);
});
