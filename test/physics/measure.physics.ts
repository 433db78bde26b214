/** `gaugegrad measure` on every stored configuration: loops, actions, forces, stout, flow to t = 1, staggered fermions. */
import { describe, expect, test } from "vitest";
import type { Measurement } from "../../src/runs/measurement.ts";
import { compareMeasurement } from "../cli/compare-measurement.ts";
import { cli } from "../cli/helpers.ts";
import { deviation, missing, reference, referenceNumbers } from "../io/reference.ts";

describe.skipIf(missing)("stored configurations", () => {
  const all = missing ? {} : referenceNumbers();

  test.each(Object.keys(all))("%s", async (name) => {
    for (const [mass, boundary] of [["0.1", "antiperiodic"], ["0.5", "periodic"]] as const) {
      const r = await cli(["measure", reference(`configs/${name}`), "--json", "--beta", "5.7", "--flow-time", "1", "--stout", "0.1,3", "--staggered-mass", mass, "--staggered-boundary", boundary]);
      expect(r.code).toBe(0);
      compareMeasurement(JSON.parse(r.stdout) as Measurement, all[name]!);
    }
  }, 900_000);

  test("one field in several formats gives the same numbers", async () => {
    const twins = [
      ["milc/lat.sample.l4444", "milc/lat.sample.l4444.ildg", "milc/lat.sample.l4444.scidac"],
      ["analysistoolbox/nersc.l8t4b3360", "analysistoolbox/ildg.l8t4b3360"],
      ["latticeqcd_jl/HMC_quenched_su2_L4_b5.7.ildg", "latticeqcd_jl/HMC_quenched_su2_L4_b5.7.ildg.txt"],
    ];
    for (const files of twins) {
      const list = JSON.parse((await cli(["measure", ...files.map((f) => reference(`configs/${f}`)), "--json"])).stdout) as Measurement[];
      for (const m of list) {
        expect(deviation(m.plaquette, list[0]!.plaquette)).toBeLessThan(1e-13);
        expect(deviation(m.action.forceNorm2, list[0]!.action.forceNorm2)).toBeLessThan(1e-12);
        expect(deviation(m.linkTrace, list[0]!.linkTrace)).toBeLessThan(1e-13);
      }
    }
  });
});
