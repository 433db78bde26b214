/** What other codes fold into links is detected and reported; the links themselves stay as stored. */
import { expect, test } from "vitest";
import { type LinkField, SU, hot, lattice } from "gaugegrad";
import { readGauge, unitarityLimit } from "../../src/io/index.ts";
import { ildgFile, linksOf, nerscFile, npyWhole, payload, sites } from "./encode.ts";

const geo = lattice([4, 4, 2, 4], { threads: 1 });

/** Multiplies the links of a field with a factor for each site and direction. */
function scaled(U: LinkField, factor: (x: readonly number[], mu: number) => number): LinkField {
  const size = 2 * U.N * U.N;
  const V = U.clone() as LinkField;
  return V.set(geo.extents.map((_, mu) => {
    const a = U.toArray(mu);
    sites(geo.extents).forEach((x, n) => {
      for (let k = 0; k < size; k++) a[n * size + k]! *= factor(x, mu);
    });
    return a;
  }));
}
const su3 = hot(geo, SU(3), { seed: 4 });
const warningsOf = (U: LinkField): string => {
  const r = readGauge(ildgFile(linksOf(U)), { threads: 1 });
  for (let mu = 0; mu < 4; mu++) expect(r.U.toArray(mu)).toEqual(U.toArray(mu));
  return r.warnings.join("; ");
};
const boundary = (x: readonly number[], mu: number): number => (mu === 3 && x[3] === 3 ? -1 : 1);
const sign = (n: number): number => (n % 2 === 0 ? 1 : -1);
const eta = (x: readonly number[], mu: number): number => sign(x.slice(0, mu).reduce((s, c) => s + c, 0));
const etaTimeFirst = (x: readonly number[], mu: number): number => (mu === 3 ? 1 : sign(x[3]! + x.slice(0, mu).reduce((s, c) => s + c, 0)));

test("ordinary links give no warning", () => {
  expect(warningsOf(su3)).toBe("");
});

test("antiperiodic sign, staggered phases in both orders, and both together", () => {
  expect(warningsOf(scaled(su3, boundary))).toMatch(/^the antiperiodic sign of the last time slice is folded/);
  expect(warningsOf(scaled(su3, eta))).toMatch(/^Kogut-Susskind phases \(order x, y, z, t\) are folded/);
  expect(warningsOf(scaled(su3, etaTimeFirst))).toMatch(/^Kogut-Susskind phases \(order t, x, y, z\) are folded/);
  expect(warningsOf(scaled(su3, (x, mu) => eta(x, mu) * boundary(x, mu)))).toMatch(/^Kogut-Susskind phases \(order x, y, z, t\) and the antiperiodic sign are/);
  expect(warningsOf(scaled(su3, (x, mu) => etaTimeFirst(x, mu) * boundary(x, mu)))).toMatch(/^Kogut-Susskind phases \(order t, x, y, z\) and the antiperiodic sign are/);
  expect(warningsOf(scaled(su3, (x, mu) => (mu === 0 && x[0] === 1 ? -1 : 1)))).toMatch(/^32 links have determinant -1/);
});

test("staggered phases of an even N show in the plaquette", () => {
  const cold = hot(geo, SU(2), { seed: 1 });
  cold.set(geo.extents.map(() => Float64Array.from({ length: 8 * geo.volume }, (_, k) => (k % 8 === 0 || k % 8 === 6 ? 1 : 0))));
  expect(warningsOf(scaled(cold, eta))).toMatch(/mean plaquette -1.000 is negative: Kogut-Susskind/);
});

test("open boundary: zero time links on the last slice", () => {
  expect(warningsOf(scaled(su3, (x, mu) => (mu === 3 && x[3] === 3 ? 0 : 1)))).toBe("open boundary in time: the time links of the last slice are zero");
  expect(warningsOf(scaled(su3, (x, mu) => (mu === 2 && x[3] === 3 ? 0 : 1)))).toBe("32 links are zero");
});

test("smeared links in two-row storage: the rebuilt row means nothing", () => {
  const r = readGauge(nerscFile(linksOf(scaled(su3, () => 0.9)), { rows: 2, header: { PLAQUETTE: null, LINK_TRACE: null } }), { threads: 1 });
  expect(r.checks.checksum).toBe("ok");
  expect(r.warnings.join()).toMatch(/not unitary: largest deviation 1.90e-1|not unitary/);
  expect(r.warnings.join()).toContain("rebuilt");
});

test("links that are not unitary: confirmed by a checksum they are read, otherwise refused", () => {
  const fat = scaled(su3, () => 1.01);
  expect(warningsOf(fat)).toMatch(/not unitary: largest deviation 2.01e-2 at site/);
  const bytes = npyWhole(linksOf(fat));
  expect(() => readGauge(bytes, { order: "mu-last" })).toThrow(/not unitary.*no checksum/);
  expect(readGauge(bytes, { order: "mu-last", allowMismatch: true }).unitarity.unitarity).toBeCloseTo(0.0201, 12);
  const slightly = scaled(su3, () => 1 + 1e-9);
  expect(readGauge(npyWhole(linksOf(slightly)), { order: "mu-last" }).warnings.join()).toMatch(/2.00e-9 at site/);
});

test("one limit for links that enter a run, whatever the format; single precision passes, swapped blocks of a NERSC file do not", () => {
  const read = (bytes: Buffer, onGroup = true): unknown => readGauge(bytes, { threads: 1, onGroup, order: "mu-last" });
  for (const bits of [32, 64] as const) for (const rows of [3, 2]) expect(() => read(nerscFile(linksOf(su3), { bits, rows }))).not.toThrow();
  for (const make of [(U: LinkField) => nerscFile(linksOf(U)), (U: LinkField) => ildgFile(linksOf(U)), (U: LinkField) => npyWhole(linksOf(U))]) {
    // |U U^+ - 1| is twice the relative error
    const [below, above] = [0.4, 0.6].map((x) => scaled(su3, () => 1 + x * unitarityLimit(3))) as [LinkField, LinkField];
    expect(() => read(make(below))).not.toThrow();
    expect(() => read(make(above))).toThrow(/links are off the group by 3\.6\de-6 .* expected links of SU\(3\)/);
    expect(() => read(make(above), false)).not.toThrow();
  }
  // two 8-byte words of one site change places: the sum of the words is the same
  const bytes = nerscFile(linksOf(su3), { header: { PLAQUETTE: null, LINK_TRACE: null } });
  const at = bytes.indexOf("END_HEADER\n") + 11;
  const [a, b] = [Buffer.from(bytes.subarray(at, at + 8)), Buffer.from(bytes.subarray(at + 16, at + 24))];
  bytes.set(b, at);
  bytes.set(a, at + 16);
  const r = readGauge(bytes, { threads: 1 });
  expect([r.checks.checksum, r.warnings.join()]).toEqual(["ok", expect.stringContaining("not unitary")]);
  expect(() => read(bytes)).toThrow(/off the group by/);
});

test("signs of a known pattern enter, others and zeros do not", () => {
  const reason = (U: LinkField): string | undefined => readGauge(ildgFile(linksOf(U)), { threads: 1 }).offGroup;
  expect([reason(su3), reason(scaled(su3, boundary)), reason(scaled(su3, eta))]).toEqual([undefined, undefined, undefined]);
  expect(reason(scaled(su3, (x, mu) => (mu === 0 && x[0] === 1 ? -1 : 1)))).toBe("32 links have determinant -1, in no known pattern");
  expect(reason(scaled(su3, (x, mu) => (mu === 3 && x[3] === 3 ? 0 : 1)))).toContain("open boundary");
});

test("U(N) links are told from SU(N)", () => {
  const su2 = hot(geo, SU(2), { seed: 9 });
  // a phase on the first column: unitary, determinant e^{0.3 i}
  const a = su2.toArray(0);
  for (const k of [0, 4]) {
    const [re, im] = [a[k]!, a[k + 1]!];
    a[k] = re * Math.cos(0.3) - im * Math.sin(0.3);
    a[k + 1] = re * Math.sin(0.3) + im * Math.cos(0.3);
  }
  su2.set([a, ...[1, 2, 3].map((mu) => su2.toArray(mu))]);
  expect(warningsOf(su2)).toMatch(/in U\(2\), not SU\(2\)/);
  expect(readGauge(ildgFile(linksOf(su2)), { threads: 1 }).offGroup).toMatch(/in U\(2\), not SU\(2\): the phase of a determinant is off by 2.99e-1/);
});

test("numbers that are none are refused with their place, whatever is allowed", () => {
  const bytes = payload(linksOf(su3), 64, "BIG");
  bytes.writeDoubleBE(NaN, 8 * (72 * 5 + 18 * 2 + 7));
  const file = npyWhole(linksOf(su3), 64, "BIG");
  bytes.copy(file, file.length - bytes.length);
  expect(() => readGauge(file, { allowMismatch: true, order: "mu-last" })).toThrow(/got NaN in the link at site \(1,1,0,0\) direction 2/);
});

test("one flipped bit anywhere is noticed where a checksum is stored", () => {
  for (const make of [nerscFile, ildgFile]) {
    const good = make(linksOf(su3));
    const start = make === nerscFile ? good.indexOf("END_HEADER\n") + 11 : good.indexOf("ildg-binary-data") + 128;
    for (const k of [0, 1000, 36863]) {
      const bad = Buffer.from(good);
      bad[start + k]! ^= 0x10;
      expect(() => readGauge(bad)).toThrow(/mismatch|expected finite numbers/);
    }
  }
});
