/** Every format and variant, written by the test's own code, gives back the links bit for bit with its checks confirmed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LinkField, SU, U1, hot, lattice } from "gaugegrad";
import { type GaugeFile, type ReadOptions, detectFormat, readGauge } from "../../src/io/index.ts";
import { bridgeText, hirepFile, ildgFile, limeRecord, linksOf, meanPlaquette, milcFile, nerscFile, npyDirection, npyWhole, openqcdFile, payload, scidacFile } from "./encode.ts";

const geo = lattice([2, 4, 2, 6], { threads: 1 });
const cube = lattice([4, 4, 4, 4], { threads: 1 });
const su3 = hot(geo, SU(3), { seed: 11 });
const L3 = linksOf(su3);
const su2 = hot(geo, SU(2), { seed: 12 });
const L2 = linksOf(su2);

function expectSame(read: GaugeFile, U: LinkField, precision: 32 | 64): void {
  expect(read.U.lattice.extents).toEqual(U.lattice.extents);
  expect(read.group.N).toBe(U.N);
  expect(read.precision).toBe(precision);
  for (let mu = 0; mu < U.lattice.dim; mu++) {
    const expected = U.toArray(mu);
    expect(read.U.toArray(mu)).toEqual(precision === 32 ? Float64Array.from(new Float32Array(expected)) : expected);
  }
}

const read = (bytes: Uint8Array, options: ReadOptions = {}): GaugeFile => readGauge(bytes, { threads: 1, ...options });
const silent: ReadOptions = { lattice: geo.extents };

describe("NERSC", () => {
  for (const bits of [32, 64] as const)
    for (const endian of ["BIG", "LITTLE"] as const)
      test(`3x3 IEEE${bits}${endian}, stated and not`, () => {
        const r = read(nerscFile(L3, { bits, endian }));
        expectSame(r, su3, bits);
        expect(r.checks).toEqual({ checksum: "ok", plaquette: "ok", linkTrace: "ok" });
        expect(r.warnings).toEqual([]);
        expect(r.format).toBe("nersc");
        const guessed = read(nerscFile(L3, { bits, endian, header: { FLOATING_POINT: `IEEE${bits}` } }));
        expectSame(guessed, su3, bits);
        expect(guessed.checks.checksum).toBe("ok");
        expect(guessed.warnings.join()).toContain(`${endian.toLowerCase()} endian`);
      });

  test.each([[3, su3, L3], [2, su2, L2]] as const)("without the last row, SU(%i): rebuilt in double precision", (N, U, L) => {
    for (const bits of [32, 64] as const) {
      const r = read(nerscFile(L, { bits, rows: N - 1 }));
      expect(r.checks).toEqual({ checksum: "ok", plaquette: "ok", linkTrace: "ok" });
      expect(r.unitarity.unitarity).toBeLessThan(bits === 64 ? 1e-14 : 1e-6);
      for (let mu = 0; mu < 4; mu++) {
        const [a, b] = [r.U.toArray(mu), U.toArray(mu)];
        expect(Math.max(...a.map((x, k) => Math.abs(x - b[k]!)))).toBeLessThan(bits === 64 ? 1e-14 : 3e-7);
      }
    }
  });

  test("no FLOATING_POINT is IEEE32BIG; leading zeros, unknown keys and CRLF do not matter", () => {
    expectSame(read(nerscFile(L3, { bits: 32, header: { FLOATING_POINT: null } })), su3, 32);
    const r = read(nerscFile(L3, { header: { ENSEMBLE_ID: "a = b", CHECKSUM: null } }));
    expect(r.header["ENSEMBLE_ID"]).toBe("a = b");
    expect(r.checks.checksum).toBe("absent");
    const bytes = nerscFile(L3);
    const at = bytes.indexOf("END_HEADER\n") + 11;
    const crlf = Buffer.concat([Buffer.from(bytes.subarray(0, at).toString("latin1").replaceAll("\n", "\r\n"), "latin1"), bytes.subarray(at)]);
    expectSame(read(crlf), su3, 64);
  });

  test("stray header lines are left out and reported; a key twice must say the same", () => {
    const bytes = nerscFile(L3);
    const insert = (line: string): Buffer => Buffer.concat([Buffer.from(`BEGIN_HEADER\n${line}\n`), bytes.subarray("BEGIN_HEADER\n".length)]);
    const r = read(insert("a comment"));
    expectSame(r, su3, 64);
    expect(r.warnings.join()).toContain('"a comment"');
    expectSame(read(insert("DIMENSION_1 = 2")), su3, 64);
    expect(() => read(insert("DIMENSION_1 = 4"))).toThrow(/"DIMENSION_1" twice/);
  });

  test("a stored zero is absent when the other checks hold, a mismatch when they do not", () => {
    expect(read(nerscFile(L3, { header: { PLAQUETTE: "0.0" } })).checks.plaquette).toBe("absent");
    expect(read(nerscFile(L3, { header: { PLAQUETTE: "0", LINK_TRACE: "0", CHECKSUM: "0" } }), { allowMismatch: true }).checks).toEqual({ checksum: "mismatch", plaquette: "mismatch", linkTrace: "mismatch" });
  });

  test("stored numbers that belong to another file are refused, each by name", () => {
    for (const [key, name] of [["CHECKSUM", "checksum"], ["PLAQUETTE", "plaquette"], ["LINK_TRACE", "link trace"]] as const) {
      const bytes = nerscFile(L3, { header: { [key]: key === "CHECKSUM" ? "1234abcd" : "0.3" } });
      expect(() => read(bytes)).toThrow(new RegExp(`mismatch: ${name}`));
      expect(read(bytes, { allowMismatch: true }).warnings.join()).toContain(name);
    }
  });
});

describe("LIME", () => {
  test("ILDG with prefix, attributes and white space; both precisions; several groups", () => {
    for (const bits of [32, 64] as const) {
      const r = read(ildgFile(L3, { bits }));
      expectSame(r, su3, bits);
      expect(r.checks).toEqual({ checksum: "ok", plaquette: "absent", linkTrace: "absent" });
      expect(r.warnings).toEqual([]);
    }
    expectSame(read(ildgFile(L2)), su2, 64);
    const su4 = hot(geo, SU(4), { seed: 3 });
    expectSame(read(ildgFile(linksOf(su4))), su4, 64);
  });

  test("little-endian links are read and reported", () => {
    const r = read(ildgFile(L3, { endian: "LITTLE" }));
    expectSame(r, su3, 64);
    expect(r.checks.checksum).toBe("ok");
    expect(r.warnings.join()).toContain("little endian");
  });

  test("SciDAC, single and double", () => {
    for (const bits of [32, 64] as const) {
      const r = read(scidacFile(L3, { bits }));
      expectSame(r, su3, bits);
      expect(r.format).toBe("scidac");
      expect(r.checks.checksum).toBe("ok");
    }
  });

  test("bare binary records: hypercubes by themselves, other lattices when given", () => {
    const U = hot(cube, SU(2), { seed: 5 });
    const r = read(limeRecord("ildg-binary-data", payload(linksOf(U), 64, "BIG")));
    expectSame(r, U, 64);
    expect(r.warnings.join()).toContain("4x4x4x4 with N = 2");
    const given = read(limeRecord("ildg-binary-data", payload(L3, 32, "BIG")), silent);
    expectSame(given, su3, 32);
    expect(given.warnings).toEqual([]);
    expect(() => read(limeRecord("ildg-binary-data", payload(L3, 64, "BIG")))).toThrow(/give the lattice/);
  });

  test("4^4 SU(4) and 8^4 U(1) have the same length: the unitary reading is taken", () => {
    const su4 = hot(cube, SU(4), { seed: 8 });
    expectSame(read(limeRecord("ildg-binary-data", payload(linksOf(su4), 64, "BIG"))), su4, 64);
    const u1 = hot(lattice([8, 8, 8, 8], { threads: 1 }), U1, { seed: 8 });
    expectSame(read(limeRecord("ildg-binary-data", payload(linksOf(u1), 64, "BIG"))), u1, 64);
  });

  test("what is refused: other objects, several fields, contradictions, wrong checksums", () => {
    for (const [bytes, message] of [
      [scidacFile(L3, { tags: { datatype: "QDP_F3_ColorVector", typesize: "24" } }), /got 4 of 24 bytes a site .* "QDP_F3_ColorVector", expected 4 matrices of 72 bytes/],
      [scidacFile(L3, { tags: { datacount: "1" } }), /got 1 of 72 bytes a site .* this is no gauge field/],
      [scidacFile(L3, { tags: { datacount: "12", typesize: "24" } }), /this is no gauge field/],
      [scidacFile(L3, { tags: { recordtype: "1" } }), /recordtype/],
      [scidacFile(L3, { tags: { volfmt: "1" } }), /volfmt/],
      [scidacFile(L3, { tags: { precision: "D" } }), /4 of 72 bytes a site .* expected 4 matrices of 144 bytes/],
      [scidacFile(L3, { tags: { precision: "D", typesize: "144" } }), /N = 3|bytes of links/],
      [scidacFile(L3, { tags: { dims: "2 4 2 3" } }), /bytes of links/],
      [Buffer.concat([ildgFile(L3), ildgFile(L3)]), /got 2 binary records/],
      [Buffer.concat([ildgFile(L3), limeRecord("scidac-private-file-xml", "<dims>4 2 2 6</dims>")]), /contradict/],
      [ildgFile(L3, { tags: { field: "su2gauge" } }), /N = 2/],
      [ildgFile(L3, { tags: { field: "banana" } }), /banana/],
      [ildgFile(L3, { tags: { lx: "-2" } }), /lx: got "-2"/],
      [ildgFile(L3, { tags: { lt: "999999999" } }), /extents from 1 to/],
      [ildgFile(L3, { sums: ["1", "2"] }), /mismatch: checksum/],
      [limeRecord("ildg-format", "<x/>"), /got 0 binary records/],
    ] as const)
      expect(() => read(bytes)).toThrow(message);
  });

  test("leftover bytes: zeros are reported, others refused unless allowed", () => {
    const bytes = ildgFile(L3);
    expect(read(Buffer.concat([bytes, Buffer.alloc(9)])).warnings.join()).toContain("9 zero bytes");
    const junk = Buffer.concat([bytes, Buffer.from("junk")]);
    expect(() => read(junk)).toThrow(/4 bytes of trailing data/);
    expect(read(junk, { allowMismatch: true }).checks.checksum).toBe("ok");
  });
});

describe("MILC, openQCD, HiRep, Bridge++, npy", () => {
  test.each(["BIG", "LITTLE"] as const)("MILC version 5 and older, %s endian", (endian) => {
    const r = read(milcFile(L3, endian));
    expectSame(r, su3, 32);
    expect(r.checks.checksum).toBe("ok");
    expect(r.header["timeStamp"]).toBe("Tue Nov 24 2026");
    const old = read(milcFile(L2, endian, true));
    expectSame(old, su2, 32);
    expect(old.checks.checksum).toBe("absent");
  });

  test("openQCD and HiRep: order of directions and sites, plaquette", () => {
    const r = read(openqcdFile(L3));
    expectSame(r, su3, 64);
    expect(r.checks).toEqual({ checksum: "absent", plaquette: "ok", linkTrace: "absent" });
    expect(() => read(openqcdFile(L3, 3 * meanPlaquette(L3) + 1e-9))).toThrow(/mismatch: plaquette/);
    for (const [U, L] of [[su3, L3], [su2, L2]] as const) {
      const h = read(hirepFile(L));
      expectSame(h, U, 64);
      expect([h.format, h.checks.plaquette]).toEqual(["hirep", "ok"]);
    }
    expect(() => read(hirepFile(L3, meanPlaquette(L3) + 1e-6))).toThrow(/mismatch: plaquette/);
  });

  test("Bridge++ text (also with Fortran exponents) and plain binary", () => {
    expectSame(read(bridgeText(L3), silent), su3, 64);
    expectSame(read(bridgeText(L2, (x) => x.toExponential(16).replace("e", "D")), silent), su2, 64);
    expectSame(read(payload(L3, 64, "BIG"), silent), su3, 64);
    expect(detectFormat(payload(L3, 64, "BIG"), { extents: geo.extents })).toBe("bridge-binary");
    expect(() => read(Buffer.concat([bridgeText(L3), Buffer.from("0.1 x\n")]), silent)).toThrow(/got "x" as number/);
    expect(() => read(Buffer.concat([bridgeText(L3), Buffer.from("0.1\n")]), silent)).toThrow(/numbers, expected/);
  });

  test("npy: one array in C order, or one a direction in Fortran order", () => {
    for (const endian of ["BIG", "LITTLE"] as const) for (const bits of [32, 64] as const) expectSame(read(npyWhole(L3, bits, endian)), su3, bits);
    const plane = hot(lattice([6, 4], { threads: 1 }), U1, { seed: 2 });
    expectSame(read(npyWhole(linksOf(plane))), plane, 64);
    const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
    try {
      for (let mu = 0; mu < 4; mu++) writeFileSync(join(folder, `u${mu}.npy`), npyDirection(L3, mu));
      expectSame(readGauge(folder), su3, 64);
      expectSame(readGauge(join(folder, "u0.npy")), su3, 64);
      rmSync(join(folder, "u2.npy"));
      expect(() => readGauge(folder)).toThrow(/u2\.npy/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("a field on a lattice that exists", () => {
  const r = read(nerscFile(L3), { lattice: geo });
  expect(r.U.lattice).toBe(geo);
  expect(() => read(nerscFile(L3), { lattice: cube })).toThrow(/expected 4x4x4x4/);
});

test("another lattice or group than expected", () => {
  expect(() => read(nerscFile(L3), { lattice: [4, 4, 4, 4] })).toThrow(/got the lattice 2x4x2x6, expected 4x4x4x4/);
  expect(() => read(nerscFile(L3), { group: "su2" })).toThrow(/SU\(3\), expected SU\(2\)/);
});

test("files that are none", () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from("hello"), Buffer.from("1 2 3"), Buffer.alloc(1000), Buffer.from([0x45, 0x67, 0x89, 0xab])]) expect(() => read(bytes)).toThrow(/expected/);
  expect(() => readGauge("/nonexistent/file")).toThrow(/cannot be opened/);
  expect(() => readGauge("/dev/null")).toThrow(/regular file/);
});
