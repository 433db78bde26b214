/** Real files of other codes: format, shape, checks and plaquette; a field and its twin in another format have the same bits. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { plaquettes } from "gaugegrad";
import { type GaugeFile, readGauge } from "../../src/io/index.ts";
import { deviation, reference, referenceNumbers } from "./reference.ts";

const read = (path: string): GaugeFile => readGauge(reference(path), { threads: 1 });

function largestDifference(a: GaugeFile, b: GaugeFile): number {
  let d = 0;
  for (let mu = 0; mu < 4; mu++) {
    const other = b.U.toArray(mu);
    for (const [k, x] of a.U.toArray(mu).entries()) d = Math.max(d, Math.abs(x - other[k]!));
  }
  return d;
}

describe("files of other codes", () => {
  test.each([
    ["analysistoolbox/nersc.l8t4b3360", "nersc", 64, { checksum: "ok", plaquette: "ok", linkTrace: "ok" }],
    ["analysistoolbox/ildg.l8t4b3360", "ildg", 64, { checksum: "ok", plaquette: "absent", linkTrace: "absent" }],
    ["gaugefields_jl/conf_00000100_4444nc2.ildg", "ildg", 64, { checksum: "absent", plaquette: "absent", linkTrace: "absent" }],
    ["latticeqcd_jl/HMC_quenched_su4_L4_b5.7.ildg", "ildg", 64, { checksum: "absent", plaquette: "absent", linkTrace: "absent" }],
    ["milc/lat.sample.l4444", "milc", 32, { checksum: "ok", plaquette: "absent", linkTrace: "absent" }],
    ["milc/lat.sample.l4444.ildg", "ildg", 32, { checksum: "ok", plaquette: "absent", linkTrace: "absent" }],
    ["milc/lat.sample.l4444.scidac", "scidac", 32, { checksum: "ok", plaquette: "absent", linkTrace: "absent" }],
    ["qcdmeasurements_jl/testconf.txt", "bridge", 64, { checksum: "absent", plaquette: "absent", linkTrace: "absent" }],
  ] as const)("%s", (name, format, precision, checks) => {
    const g = read(`configs/${name}`);
    expect([g.format, g.precision, g.checks]).toEqual([format, precision, checks]);
    expect(g.unitarity.unitarity).toBeLessThan(precision === 64 ? 1e-10 : 1e-5);
    const ref = referenceNumbers()[name];
    if (!ref) return;
    expect(g.group.N).toBe(ref.N);
    expect(g.U.lattice.extents).toEqual(ref.dims);
    expect(deviation(plaquettes(g.U).mean, ref.numbers["plaq"]!)).toBeLessThan(1e-12);
  });

  test("twins", () => {
    for (const [a, b, tolerance] of [
      // the twin's writer normalised the links once more
      ["configs/analysistoolbox/nersc.l8t4b3360", "configs/analysistoolbox/ildg.l8t4b3360", 1e-15],
      ["configs/milc/lat.sample.l4444", "configs/milc/lat.sample.l4444.scidac", 0],
      ["configs/milc/lat.sample.l4444", "configs/milc/lat.sample.l4444.ildg", 0],
      ["configs/latticeqcd_jl/HMC_quenched_su2_L4_b5.7.ildg", "configs/latticeqcd_jl/HMC_quenched_su2_L4_b5.7.ildg.txt", 0],
      ["latticeqcd-rs-fixtures/ildg_task_a/gauge.ildg", "latticeqcd-rs-fixtures/ildg_task_a", 0],
    ] as const)
      expect(largestDifference(read(a), read(b))).toBeLessThanOrEqual(tolerance);
  });

  test("npy folders", () => {
    const root = "latticeqcd-rs-fixtures";
    expect(deviation(plaquettes(read(`${root}/random_2x2x2x2`).U).mean, -0.009508755537122262)).toBeLessThan(1e-12);
    expect(deviation(plaquettes(read(`${root}/random_4x4x4x4`).U).mean, -0.004338191299781562)).toBeLessThan(1e-12);
    const g = read(`${root}/shifts_3x2x4x5`);
    expect(g.U.lattice.extents).toEqual([3, 2, 4, 5]);
    expect(deviation(plaquettes(g.U).mean, -0.02309690118894098)).toBeLessThan(1e-12);
  });

  test("a flipped byte in a real file is refused wherever a checksum is stored", () => {
    for (const name of ["analysistoolbox/nersc.l8t4b3360", "analysistoolbox/ildg.l8t4b3360", "milc/lat.sample.l4444", "milc/lat.sample.l4444.scidac"]) {
      const bytes = readFileSync(reference(`configs/${name}`));
      bytes[Math.floor(bytes.length / 2)]! ^= 0x01;
      expect(() => readGauge(bytes, { threads: 1 })).toThrow(/mismatch: checksum/);
    }
  });

  test("every file there is reads", () => {
    const files = readdirSync(reference("configs"), { recursive: true, encoding: "utf8" }).filter((f) => f.includes("/"));
    expect(files.length).toBeGreaterThanOrEqual(13);
    for (const f of files) expect(Object.values(read(`configs/${f}`).checks)).not.toContain("mismatch");
  });
});
