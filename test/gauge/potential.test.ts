/** Creutz ratios and potential: the area law of constant fields in two dimensions, figures of QCDMeasurements.jl's configuration, smeared lines of space. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { type LinkField, DirectionalField, ape, creutzRatios, hot, lattice, loopTable, readGauge, SU, staticPotential, wilsonLoop } from "gaugegrad";
import { ConfigurationError } from "../../src/errors.ts";

test("U(1) fields of constant strength F: W(R, T) = cos(F R T)", () => {
  const geo = lattice([8, 8]);
  const F = (2 * Math.PI) / 64;
  const angle = (mu: number, [x, t]: readonly number[]): number => (mu === 1 ? F * x! : x === 7 ? -8 * F * t! : 0);
  const U = new DirectionalField(geo, 1, "links").set([0, 1].map((mu) => Float64Array.from({ length: 2 * geo.volume }, (_, k) => (k % 2 ? Math.sin : Math.cos)(angle(mu, geo.coordinates(k >> 1)))))) as LinkField;
  const table = loopTable(U, { R: 3, T: 3 });
  const W = (r: number, t: number): number => Math.cos(F * r * t);
  table.forEach((row, r) => row.forEach((w, t) => expect(w).toBeCloseTo(W(r + 1, t + 1), 12)));
  for (const { R, T, value, error } of creutzRatios([table])) {
    expect(value).toBeCloseTo(-Math.log((W(R, T) * W(R - 1, T - 1)) / (W(R, T - 1) * W(R - 1, T))), 11);
    expect(error).toBeUndefined();
  }
  expect(staticPotential([table]).map(({ R, T }) => [R, T])).toEqual([[1, 1], [1, 2], [2, 1], [2, 2], [3, 1], [3, 2]]);
});

test("a configuration of QCDMeasurements.jl", () => {
  const file = new URL("../../../shared/reference/configs/qcdmeasurements_jl/testconf.txt", import.meta.url).pathname;
  if (!existsSync(file)) return void console.log(`left out: there is no ${file}`);
  const { U } = readGauge(file);
  const chi = creutzRatios([loopTable(U, { R: 2, T: 2 })]).find(({ R, T }) => R === 2 && T === 2)!;
  expect(chi.value).toBeCloseTo(0.208386352198, 11);
});

test("errors by jackknife over configurations; smeared lines of space leave those of time", () => {
  const U = hot(lattice([4, 4, 4, 4]), SU(2), { seed: 1 }) as LinkField;
  const smeared = ape({ alpha: 0.5, spatial: true }).apply(U) as LinkField;
  expect(smeared.toArray(3)).toEqual(U.toArray(3));
  const tables = [[[0.6, 0.4], [0.4, 0.2]], [[0.62, 0.41], [0.39, 0.19]], [[0.58, 0.38], [0.41, 0.21]]];
  const mean = (r: number, t: number): number => (tables[0]![r - 1]![t - 1]! + tables[1]![r - 1]![t - 1]! + tables[2]![r - 1]![t - 1]!) / 3;
  const [V] = staticPotential(tables);
  expect(V!.value).toBeCloseTo(Math.log(mean(1, 1) / mean(1, 2)), 12);
  expect(V!.error).toBeGreaterThan(0);
  expect(loopTable(U, { R: 1, T: 2 })[0]![1]).toBe(wilsonLoop(U, 2, 1));
  expect(() => staticPotential([[[0.1, -0.1]]])).toThrow(ConfigurationError);
});
