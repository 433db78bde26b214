/** A trajectory of the Rust port of LatticeQCD.jl: energies, final momenta and links. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DirectionalField } from "../../src/autograd/index.ts";
import { algebraElement, closedFormLinks, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { integrate, kineticEnergy } from "../../src/samplers/index.ts";
import { readNpy } from "./helpers.ts";

const fixture = fileURLToPath(new URL("../../../shared/reference/latticeqcd-rs-fixtures/hmc_trajectory/", import.meta.url));

describe("one trajectory of the Rust port's fixture", () => {
  test("energies, final momenta and links", () => {
    const meta = JSON.parse(readFileSync(`${fixture}metadata.json`, "utf8")) as Record<string, number>;
    const geo = lattice([2, 2, 2, 2]);
    const S = gaugeAction.wilson({ beta: meta["beta"]! });
    const constant = 6 * 16 * meta["beta"]!;
    const U = closedFormLinks(geo, 3, 0);
    const momenta = (name: string) =>
      new DirectionalField(geo, 3, "algebra").set(
        geo.extents.map((_, mu) => {
          // [component, x, y, z, t], first index fastest: the sites are lexicographic
          const { data, shape, fortran } = readNpy(`${fixture}${name}${mu}.npy`);
          expect([fortran, shape[0]]).toEqual([true, 8]);
          const out = new Float64Array(16 * 18);
          for (let n = 0; n < 16; n++) algebraElement(3, data, 8 * n, out, 18 * n);
          return out;
        }),
      );
    const P = momenta("p_initial");
    const before = kineticEnergy(P) + S.value(U) - constant;
    integrate(S, U, P, { integrator: "leapfrogQPQ", steps: meta["steps"]!, length: meta["steps"]! * meta["step_size"]! });
    const after = kineticEnergy(P) + S.value(U) - constant;
    expect(Math.abs(before - meta["initial_hamiltonian"]!)).toBeLessThan(1e-11);
    expect(Math.abs(after - meta["proposed_hamiltonian"]!)).toBeLessThan(1e-11);
    expect(Math.abs(after - before - meta["delta_h"]!)).toBeLessThan(1e-11);
    const expectedP = momenta("p_final");
    geo.extents.forEach((_, mu) => {
      P.toArray(mu).forEach((x, i) => expect(Math.abs(x - expectedP.toArray(mu)[i]!)).toBeLessThan(1e-13));
      // [row, column, x, y, z, t], first index fastest; the stored links are unitary to 2e-13 only
      const { data } = readNpy(`${fixture}u_proposed${mu}.npy`);
      const u = U.toArray(mu);
      for (let n = 0; n < 16; n++)
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++)
            for (let c = 0; c < 2; c++) expect(Math.abs(u[18 * n + 2 * (3 * i + j) + c]! - data[18 * n + 2 * (3 * j + i) + c]!)).toBeLessThan(meta["comparison_tolerance"]!);
    });
  });
});
