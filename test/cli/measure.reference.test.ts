/** `gaugegrad measure` against the stored numbers of independent programs. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Measurement } from "../../src/runs/measurement.ts";
import { reference, referenceNumbers } from "../io/reference.ts";
import { compareMeasurement } from "./compare-measurement.ts";
import { cli } from "./helpers.ts";

describe("measure", () => {
  const su2 = "gaugefields_jl/conf_00000100_4444nc2.ildg";
  const su3 = "qcdmeasurements_jl/testconf.txt";
  const file = (name: string): string => reference(`configs/${name}`);
  let directory = "";
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "gaugegrad-"));
    copyFileSync(file("milc/lat.sample.l4444"), join(directory, "a.milc"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test.each([su2, su3])("%s: every number of the contract", async (name) => {
    const r = await cli(["measure", file(name), "--json", "--flow-time", "0.2", "--stout", "0.1,2", "--staggered-mass", "0.5"]);
    expect(r.code).toBe(0);
    const m = JSON.parse(r.stdout) as Measurement;
    expect(m.file).toBe(file(name));
    expect(m.precision).toBe(64);
    compareMeasurement(m, referenceNumbers()[name]!);
    // t = 0, 0.01, ..., 0.2 without rounding of the products
    expect(m.flow!.map((p) => p.t)).toContain(0.07);
    expect(m.flow).toHaveLength(21);
  });

  test("staggered: periodic boundary, noise for the condensate", async () => {
    const argv = ["measure", file(su2), "--json", "--staggered-mass", "0.5", "--staggered-boundary", "periodic"];
    const m = JSON.parse((await cli(argv)).stdout) as Measurement;
    expect(m.staggered!.boundary).toEqual([1, 1, 1, 1]);
    compareMeasurement(m, referenceNumbers()[su2]!);
    const noisy = JSON.parse((await cli([...argv, "--condensate-sources", "8", "--seed", "3"])).stdout) as Measurement;
    const { chiralCondensate: value, chiralCondensateError: error } = noisy.staggered!;
    expect(error).toBeGreaterThan(0);
    expect(Math.abs(value! - m.staggered!.chiralCondensate!) / error!).toBeLessThan(5);
  });

  test("beta scales the action, and the force squared", async () => {
    const [one, six] = await Promise.all(["1", "6"].map(async (beta) => JSON.parse((await cli(["measure", file(su2), "--json", "--beta", beta])).stdout) as Measurement));
    expect(six!.action.wilson / one!.action.wilson).toBeCloseTo(6, 12);
    expect(six!.action.forceNorm2 / one!.action.forceNorm2).toBeCloseTo(36, 11);
  });

  test("several files: an array, a table, CSV, lines", async () => {
    const files = [file(su2), file(su3)];
    const array = JSON.parse((await cli(["measure", ...files, "--json"])).stdout) as Measurement[];
    expect(array.map((m) => m.group)).toEqual(["SU(2)", "SU(3)"]);
    const lines = (await cli(["measure", ...files, "--jsonl"])).stdout.trim().split("\n");
    expect(lines.map((l) => (JSON.parse(l) as Measurement).plaquette)).toEqual(array.map((m) => m.plaquette));
    const csv = (await cli(["measure", ...files, "--csv"])).stdout.trim().split("\n");
    expect(csv).toHaveLength(3);
    const column = csv[0]!.split(",").indexOf("plaquette");
    expect(Number(csv[1]!.split(",")[column])).toBe(array[0]!.plaquette);
    expect(csv[0]).toContain("action.forceNorm2");
    const text = (await cli(["measure", ...files])).stdout;
    expect(text).toContain("0.66847489");
    expect(text.split("\n").filter((l) => l.includes("SU("))).toHaveLength(2);
  });

  test("one file as text; warnings on stderr, silenced by --quiet", async () => {
    const r = await cli(["measure", file(su2)]);
    expect(r.stdout).toContain("plaquette");
    expect(r.stdout).toContain("Polyakov t");
    expect(r.stderr).toMatch(/does not state its lattice/);
    expect((await cli(["measure", file(su2), "--quiet"])).stderr).toBe("");
    expect((await cli(["measure", file(su2), "--lattice", "4,4,4,4"])).stderr).toBe("");
  });

  test("a damaged file: exit 5 and one line; --allow-mismatch reports the mismatch instead", async () => {
    const bytes = readFileSync(join(directory, "a.milc"));
    // the lowest mantissa bit of some link: only the checksum can tell
    bytes[96 + 4 * 1000]! ^= 1;
    writeFileSync(join(directory, "flipped.milc"), bytes);
    const r = await cli(["measure", "flipped.milc", "--json"], { directory });
    expect([r.code, r.stdout]).toEqual([5, ""]);
    expect(r.stderr).toMatch(/^gaugegrad: [^\n]*flipped\.milc: mismatch: checksum[^\n]*\n$/);
    const allowed = await cli(["measure", "flipped.milc", "--json", "--allow-mismatch"], { directory });
    expect(allowed.code).toBe(0);
    expect((JSON.parse(allowed.stdout) as Measurement).checks.checksum).toBe("mismatch");
  });

  test("one bad file among several: the others are measured, exit 5", async () => {
    writeFileSync(join(directory, "no.txt"), "no configuration");
    const r = await cli(["measure", "a.milc", "no.txt", "--json"], { directory });
    expect(r.code).toBe(5);
    const [good, bad] = JSON.parse(r.stdout) as [Measurement, { file: string; error: string }];
    expect(good.checks.checksum).toBe("ok");
    expect(bad).toMatchObject({ file: "no.txt" });
    expect(r.stderr).toMatch(/no\.txt: this is text, expected a configuration: give a file of links \(NERSC/);
  });

  test("wrong use", async () => {
    for (const argv of [[], ["x", "--stout", "0.1"], ["x", "--flow-time", "0.1", "--flow-step", "0.03"], ["x", "--json", "--csv"], ["x", "--beta", "six"], ["x", "--lattice", "4,4,0,4"]]) {
      const r = await cli(["measure", ...argv]);
      expect([argv, r.code]).toEqual([argv, 2]);
      expect(r.stderr).toMatch(/^gaugegrad: [^\n]+\n$/);
    }
    expect((await cli(["measure", "absent.nersc"])).code).toBe(5);
    expect((await cli(["measure", file(su3), "--group", "su2"])).stderr).toMatch(/4x4x4x4|SU\(3\), expected SU\(2\)|SU\(2\)|hypercube/);
    expect((await cli(["measure", file("milc/lat.sample.l4444"), "--group", "su2"])).code).toBe(5);
  });

  test("--watch measures what appears and leaves other files alone", async () => {
    const stop = new AbortController();
    const onOutput = (line: string): void => {
      // the second file appears once the first has been seen
      if (line.includes("a.milc")) copyFileSync(file(su2), join(directory, "later.ildg"));
      if (line.includes("later.ildg")) stop.abort();
    };
    const r = await cli(["measure", "--watch", ".", "--json", "--max-seconds", "60", "--quiet"], { directory, interrupt: stop.signal, onOutput });
    expect(r.code).toBe(0);
    const files = r.stdout.trim().split("\n").map((l) => (JSON.parse(l) as Measurement).file);
    expect(files).toContain("a.milc");
    expect(files).toContain("later.ildg");
    expect(files).not.toContain("no.txt");
  });
});
