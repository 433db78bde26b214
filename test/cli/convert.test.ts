/** `gaugegrad convert`: every bit survives, names choose formats, nothing is overwritten unasked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SU, gaugeFunctional, hot, lattice, plaquettes } from "gaugegrad";
import { readGauge } from "../../src/io/index.ts";
import { ildgFile, linksOf, nerscFile } from "../io/encode.ts";
import { cli } from "./helpers.ts";

const U = hot(lattice([4, 2, 2, 4], { threads: 1 }), SU(3), { seed: 31 });
let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "gaugegrad-"));
  writeFileSync(join(directory, "in.nersc"), nerscFile(linksOf(U)));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const links = (name: string): Float64Array[] => {
  const { U: V } = readGauge(join(directory, name), { lattice: [4, 2, 2, 4], threads: 1 });
  return [0, 1, 2, 3].map((mu) => V.toArray(mu));
};

test("a way round all double-precision formats keeps every bit", async () => {
  const names = ["in.nersc", "a.ildg", "b.npy", "c.txt", "d.lime", "e.nersc"];
  for (let k = 1; k < names.length; k++) {
    const r = await cli(["convert", names[k - 1]!, names[k]!, "--lattice", "4,2,2,4"], { directory });
    expect([names[k], r]).toEqual([names[k], { code: 0, stdout: "", stderr: "" }]);
  }
  expect(links("e.nersc")).toEqual([0, 1, 2, 3].map((mu) => U.toArray(mu)));
});

test("32 bits: rounded once, said on stderr, then bit for bit", async () => {
  const r = await cli(["convert", "in.nersc", "f.ildg", "--precision", "32", "--json"], { directory });
  expect(r.stderr).toContain("64 bits were rounded to 32");
  expect(JSON.parse(r.stdout)).toMatchObject({ in: { format: "nersc", precision: 64, checks: { checksum: "ok" } }, out: { format: "ildg", precision: 32 }, group: "SU(3)", lattice: [4, 2, 2, 4] });
  expect((await cli(["convert", "f.ildg", "g.milc"], { directory })).stderr).toBe("");
  expect(links("g.milc")).toEqual([0, 1, 2, 3].map((mu) => Float64Array.from(new Float32Array(U.toArray(mu)))));
});

test("--gauge writes the links in that gauge, the plaquette stays", async () => {
  const r = await cli(["convert", "in.nersc", "h.npy", "--gauge", "coulomb", "--lattice", "4,2,2,4", "--json"], { directory });
  expect(r.stderr).toContain("coulomb gauge: mean Re tr U/N");
  const { U: V } = readGauge(join(directory, "h.npy"), { lattice: [4, 2, 2, 4], threads: 1 });
  const { functional, theta } = gaugeFunctional(V as never, "coulomb");
  expect(theta).toBeLessThan(1e-14);
  expect(JSON.parse(r.stdout).out).toMatchObject({ gauge: "coulomb", functional });
  expect(functional).toBeGreaterThan(gaugeFunctional(U as never, "coulomb").functional);
  expect(Math.abs(plaquettes(V as never).mean - plaquettes(U as never).mean)).toBeLessThan(1e-13);
});

test("existing files stay, unless forced", async () => {
  writeFileSync(join(directory, "mine.npy"), "mine");
  const r = await cli(["convert", "in.nersc", "mine.npy"], { directory });
  expect([r.code, readFileSync(join(directory, "mine.npy"), "utf8")]).toEqual([5, "mine"]);
  expect(r.stderr).toMatch(/^gaugegrad: mine.npy: exists already[^\n]+--force[^\n]+\n$/);
  expect((await cli(["convert", "in.nersc", "mine.npy", "--force"], { directory })).code).toBe(0);
  expect(links("mine.npy")[0]).toEqual(U.toArray(0));
});

test("the ensemble goes along; where a format has no place for it, stderr says so", async () => {
  writeFileSync(join(directory, "p.nersc"), nerscFile(linksOf(U), { lines: ["ENSEMBLE_ID = X", "ENSEMBLE_LABEL = my ensemble", "SEQUENCE_NUMBER = 417", "gauge.beta11 = 6.0"] }));
  expect((await cli(["convert", "p.nersc", "p.ildg"], { directory })).stderr).toBe("");
  expect((await cli(["convert", "p.ildg", "q.nersc"], { directory })).stderr).toBe("");
  const header = readFileSync(join(directory, "q.nersc")).subarray(0, 700).toString("latin1");
  for (const line of [/^ENSEMBLE_ID = X$/m, /^ENSEMBLE_LABEL = my ensemble$/m, /^SEQUENCE_NUMBER = 417$/m, /^CREATION_DATE = .+GMT$/m, /^ARCHIVE_DATE = .+GMT$/m, /^CREATOR = gaugegrad$/m, /^CREATOR_HARDWARE =/m]) expect(header).toMatch(line);
  expect(readGauge(join(directory, "q.nersc")).header["gauge.beta11"]).toBe("6.0");
  expect((await cli(["convert", "p.ildg", "p.npy"], { directory })).stderr).toBe("gaugegrad: p.npy: npy has no place for the ensemble and sequence number of p.ildg: they were left out\n");
});

test("wrong use and damaged input", async () => {
  expect((await cli(["convert", "in.nersc", "out"], { directory })).code).toBe(2);
  expect((await cli(["convert", "in.nersc", "out", "--to", "openqcd"], { directory })).code).toBe(2);
  expect((await cli(["convert", "in.nersc", "o.milc", "--precision", "64"], { directory })).code).toBe(3);
  expect((await cli(["convert", "in.nersc", "no/such/o.npy"], { directory })).code).toBe(5);
  const bad = ildgFile(linksOf(U), { sums: ["1", "2"] });
  writeFileSync(join(directory, "bad.ildg"), bad);
  const r = await cli(["convert", "bad.ildg", "o.npy"], { directory });
  expect([r.code, r.stdout]).toEqual([5, ""]);
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]+mismatch: checksum[^\n]+\n$/);
  expect((await cli(["convert", "bad.ildg", "o.npy", "--allow-mismatch"], { directory })).stderr).toContain("mismatch: checksum");
});
