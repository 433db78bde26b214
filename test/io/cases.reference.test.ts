/** Files after what several codes write, with numbers from an independent program. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { plaquettes } from "gaugegrad";
import { readGauge } from "../../src/io/index.ts";
import { deviation } from "./reference.ts";

const root = resolve(import.meta.dirname, "../../../shared/cases");

const FILES = ["01/grid_su3.ildg", "01/grid_su2.ildg", "02/milc_archive.nersc", "03/qdp_lattice_su2.lime", "03/numpy_su3.lime", "15/no_field.ildg", "20/grid2021_su2.nersc", "20/linktrace_over_3_su2.nersc", "21/qdp_su4.nersc"];

describe("cases", () => {
  test.each(FILES)("%s", (file) => {
    const expected = (JSON.parse(readFileSync(resolve(root, "expected.json"), "utf8")) as Record<string, { plaquette: number; planes: Record<string, number> }>)[file]!;
    const r = readGauge(resolve(root, file), { threads: 1 });
    const { mean, planes } = plaquettes(r.U);
    expect(deviation(mean, expected.plaquette)).toBeLessThan(1e-13);
    for (const [plane, value] of Object.entries(expected.planes)) expect(deviation(planes[plane]!, value)).toBeLessThan(1e-13);
    expect(Object.values(r.checks)).not.toContain("mismatch");
    expect(r.checks.checksum).toBe(file.startsWith("15") ? "absent" : "ok");
    if (/^(15|20)/.test(file)) expect(r.warnings.join()).toMatch(file.startsWith("15") ? /no field element/ : /Grid wrote SU\(3\)/);
  });

  test("one matrix a site", () => {
    expect(() => readGauge(resolve(root, "03/must_refuse_one_matrix_a_site.lime"))).toThrow(/no gauge field/);
  });
});
