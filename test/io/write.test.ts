/** Written files pass checkers of the test's own; reading them gives identical bits; a failed write leaves nothing behind. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SU, U1, type LinkField, hot, lattice } from "gaugegrad";
import { type WritableFormat, WRITABLE, detectFormat, readGauge, writeGauge } from "../../src/io/index.ts";
import { linksOf, meanLinkTrace, meanPlaquette, milcChecksums, nerscChecksum, npyWhole, payload, scidacChecksums } from "./encode.ts";

const geo = lattice([4, 2, 2, 6], { threads: 1 });
const U = hot(geo, SU(3), { seed: 21 });
const L = linksOf(U);
let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "gaugegrad-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (field: LinkField, format: WritableFormat, precision?: 32 | 64): Buffer => {
  const file = join(folder, `x.${format}`);
  writeGauge(file, field, format, precision === undefined ? {} : { precision });
  return readFileSync(file);
};

for (const format of Object.keys(WRITABLE) as WritableFormat[])
  for (const precision of WRITABLE[format])
    test(`${format} in ${precision} bits: write, read, write`, () => {
      for (const N of [2, 3, 4]) {
        const V = hot(geo, SU(N), { seed: N });
        const bytes = write(V, format, precision);
        expect(detectFormat(bytes, { extents: geo.extents })).toBe(format);
        const r = readGauge(bytes, { lattice: geo.extents, threads: 1 });
        expect(r.precision).toBe(format === "bridge" ? 64 : precision);
        expect(r.warnings).toEqual([]);
        for (let mu = 0; mu < 4; mu++) {
          const expected = V.toArray(mu);
          expect(r.U.toArray(mu)).toEqual(precision === 32 ? Float64Array.from(new Float32Array(expected)) : expected);
        }
        if (format !== "bridge" && format !== "npy") expect(r.checks.checksum).toBe("ok");
        // the same links give the same file; the means in a NERSC header are those before rounding to 32 bits
        const again = write(r.U, format, precision);
        const from = format === "nersc" && precision === 32 ? bytes.indexOf("END_HEADER") : 0;
        expect(again.subarray(from).equals(bytes.subarray(from))).toBe(true);
      }
    });

test("NERSC: header, checksum, means and links, read by hand", () => {
  for (const bits of [32, 64] as const) {
    const file = write(U, "nersc", bits);
    const end = file.indexOf("END_HEADER\n") + 11;
    const header = Object.fromEntries(file.subarray(0, end).toString("latin1").split("\n").filter((l) => l.includes("=")).map((l) => l.split(" = ") as [string, string]));
    expect(header).toMatchObject({ DATATYPE: "4D_SU3_GAUGE_3x3", DIMENSION_1: "4", DIMENSION_2: "2", DIMENSION_3: "2", DIMENSION_4: "6", FLOATING_POINT: `IEEE${bits}BIG` });
    const data = file.subarray(end);
    expect(data.equals(payload(L, bits, "BIG"))).toBe(true);
    expect(parseInt(header["CHECKSUM"]!, 16).toString(16)).toBe(nerscChecksum(data, "BIG"));
    expect(Number(header["PLAQUETTE"])).toBeCloseTo(meanPlaquette(L), 11);
    expect(Number(header["LINK_TRACE"])).toBeCloseTo(meanLinkTrace(L), 11);
  }
});

test("ILDG: records, XML, links and SciDAC checksum, read by hand", () => {
  const file = write(U, "ildg", 64);
  const records: Record<string, Buffer> = {};
  let at = 0;
  while (at < file.length) {
    expect(file.readUInt32BE(at)).toBe(0x456789ab);
    expect(file.readUInt16BE(at + 4)).toBe(1);
    const length = Number(file.readBigUInt64BE(at + 8));
    records[file.subarray(at + 16, file.indexOf(0, at + 16)).toString("latin1")] = file.subarray(at + 144, at + 144 + length);
    at += 144 + Math.ceil(length / 8) * 8;
  }
  expect(at).toBe(file.length);
  expect(Object.keys(records)).toEqual(["ildg-format", "ildg-binary-data", "scidac-checksum"]);
  for (const tag of ["<field>su3gauge<", "<precision>64<", "<lx>4<", "<ly>2<", "<lz>2<", "<lt>6<"]) expect(records["ildg-format"]!.toString()).toContain(tag);
  expect(records["ildg-binary-data"]!.equals(payload(L, 64, "BIG"))).toBe(true);
  const [a, b] = scidacChecksums(records["ildg-binary-data"]!, geo.volume);
  expect(records["scidac-checksum"]!.toString()).toContain(`<suma>${a}</suma><sumb>${b}</sumb>`);
});

test("MILC: magic, extents, sums and links, read by hand", () => {
  const file = write(U, "milc");
  expect([0, 4, 8, 12, 16, 84].map((k) => file.readInt32LE(k))).toEqual([20103, 4, 2, 2, 6, 0]);
  const data = file.subarray(96);
  expect(data.equals(payload(L, 32, "LITTLE"))).toBe(true);
  expect([file.readUInt32LE(88), file.readUInt32LE(92)]).toEqual(milcChecksums(data, "LITTLE"));
});

test("npy: byte for byte as NumPy lays it out; any dimension; negative zeros survive in text", () => {
  expect(write(U, "npy").equals(npyWhole(L))).toBe(true);
  const plane = hot(lattice([4, 6], { threads: 1 }), U1, { seed: 1 });
  expect(readGauge(write(plane, "npy")).U.toArray(1)).toEqual(plane.toArray(1));
  const first = U.toArray(0);
  first[1] = -0;
  const V = (U.clone() as LinkField).set([first, ...[1, 2, 3].map((mu) => U.toArray(mu))]);
  expect(Object.is(readGauge(write(V, "bridge"), { lattice: geo.extents, allowMismatch: true }).U.toArray(0)[1], -0)).toBe(true);
});

test("what a format cannot hold", () => {
  const plane = hot(lattice([4, 6], { threads: 1 }), SU(2), { seed: 1 });
  const u1 = hot(geo, U1, { seed: 1 });
  const file = join(folder, "never");
  expect(() => writeGauge(file, plane, "ildg")).toThrow(/use npy/);
  expect(() => writeGauge(file, u1, "nersc")).toThrow(/expected SU\(N\)/);
  expect(() => writeGauge(file, U, "milc", { precision: 64 })).toThrow(/expected 32/);
  expect(() => writeGauge(file, U, "openqcd" as WritableFormat)).toThrow(/expected nersc/);
  expect(existsSync(file)).toBe(false);
});

test("a write that fails changes nothing", () => {
  const file = join(folder, "kept.ildg");
  writeFileSync(file, "what was there");
  const broken = U.toArray(0);
  broken[100] = NaN;
  const V = (U.clone() as LinkField).set([broken, ...[1, 2, 3].map((mu) => U.toArray(mu))]);
  expect(() => writeGauge(file, V, "ildg")).toThrow(/not finite/);
  expect(readFileSync(file, "utf8")).toBe("what was there");
  expect(readdirSync(folder).filter((f) => f.endsWith(".tmp"))).toEqual([]);
  expect(() => writeGauge(join(folder, "no", "such", "folder"), U, "npy")).toThrow(/cannot be written/);
  writeGauge(file, U, "ildg");
  expect(detectFormat(file)).toBe("ildg");
});

test("places that may not be written to", () => {
  const sealed = mkdtempSync(join(folder, "sealed-"));
  chmodSync(sealed, 0o500);
  const file = join(folder, "a-file");
  writeFileSync(file, "");
  // the superuser may write anywhere but into a file and into what the system itself shows
  const places = [join(file, "x"), ...(process.platform === "linux" ? ["/proc/x.npy"] : []), ...(process.getuid?.() === 0 ? [] : [join(sealed, "x")])];
  for (const place of places) expect(() => writeGauge(place, U, "npy"), place).toThrow(/cannot be written/);
});
