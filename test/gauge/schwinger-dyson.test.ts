/**
 * Integration by parts on the group. Every plaquette is an eigenfunction of the Laplacian: sum d^a d^a Re tr P = -4 C_F Re tr P, and in the
 * ensemble exp(-S) of the Wilson action <sum (F^a)^2> = 4 C_F beta <sum_P Re tr P / N>, C_F = (N^2 - 1)/(2N).
 */
import { expect, test } from "vitest";
import { DirectionalField, type LinkField, hvp } from "../../src/autograd/index.ts";
import { algebraElement, closedFormLinks, cold, gaugeAction, groupOf, lattice, plaquetteSum, plaquettes } from "../../src/gauge/index.ts";
import { heatbath } from "../../src/samplers/index.ts";
import { gammaMethod } from "../../src/util/index.ts";

const casimir = (N: number): number => (N === 1 ? 1 : (N * N - 1) / (2 * N));

test.each([[1, [3, 2]], [2, [2, 3]], [3, [2, 2]]] as [number, number[]][])("Laplacian of the plaquettes, N = %i on %j", (N, extents) => {
  const geo = lattice(extents);
  const U = closedFormLinks(geo, N, 0.8);
  const second = hvp(plaquetteSum);
  const { generators } = groupOf(N);
  let laplacian = 0;
  const X = new DirectionalField(geo, N, "algebra");
  for (let mu = 0; mu < geo.dim; mu++)
    for (let n = 0; n < geo.volume; n++)
      for (let a = 0; a < generators; a++) {
        const data = geo.extents.map(() => new Float64Array(geo.volume * 2 * N * N));
        algebraElement(N, Array.from({ length: generators }, (_, b) => (a === b ? 1 : 0)), 0, data[mu]!, n * 2 * N * N);
        const H = second(U, X.set(data)) as DirectionalField;
        // (X, H) = -2 tr(X H), for U(1) the product
        laplacian += (N === 1 ? 1 : 2) * data[mu]!.reduce((s, x, k) => s + x * H.toArray(mu)[k]!, 0);
      }
  const sum = plaquettes(U).mean * geo.volume;
  expect(Math.abs(laplacian + 4 * casimir(N) * sum)).toBeLessThan(1e-11);
});

test.each([[2, [6, 6], 2.0, 1500], [1, [8, 4], 1.5, 1500], [3, [2, 2, 2, 2], 5.5, 400], [2, [3, 4, 3], 2.5, 500]] as [number, number[], number, number][])(
  "forces of the Wilson ensemble, N = %i on %j, beta %f",
  (N, extents, beta, sweeps) => {
    const geo = lattice(extents);
    const U = cold(geo, groupOf(N)) as LinkField;
    const S = gaugeAction.wilson({ beta });
    const planes = (geo.volume * geo.dim * (geo.dim - 1)) / 2;
    const sampler = heatbath({ beta, seed: 17 });
    const difference: number[] = [];
    const F = S.force(U);
    for (let k = 0; k < sweeps + 50; k++) {
      sampler.step(U);
      S.force(U, F);
      const norm2 = (N === 1 ? 1 : 2) * F.fields.reduce((s, f) => s + f.toArray().reduce((q, x) => q + x * x, 0), 0);
      if (k >= 50) difference.push(norm2 / (4 * casimir(N) * beta * planes) - plaquettes(U).mean);
    }
    const { mean, error } = gammaMethod(Float64Array.from(difference));
    expect(Math.abs(mean)).toBeLessThan(4 * error);
    expect(error).toBeLessThan(0.01);
  },
);
