/** Files as codes of the field write them, beyond the letter of the format descriptions; each made here, and compared link for link. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { type LinkField, SU, hot, lattice } from "gaugegrad";
import { type GaugeFile, type ReadOptions, detectFormat, gaugeFormats, readGauge, writeGauge } from "../../src/io/index.ts";
import { type Links, checksumXml, gridFile, hirepFile, ildgFile, limeRecord, linksOf, meanLinkTrace, nerscFile, payload, scidacChecksums, scidacFile } from "./encode.ts";

const geo = lattice([4, 2, 2, 6], { threads: 1 });
const fields = new Map([2, 3, 4, 5].map((N) => [N, hot(geo, SU(N), { seed: 100 + N })]));
const U = (N: number): LinkField => fields.get(N)!;
const L = (N: number): Links => linksOf(U(N));
const read = (bytes: Uint8Array, options: ReadOptions = {}): GaugeFile => readGauge(bytes, { threads: 1, ...options });

function expectLinks(r: GaugeFile, V: LinkField, tolerance = 0): void {
  expect(r.group.N).toBe(V.N);
  expect(r.U.lattice.extents).toEqual(V.lattice.extents);
  for (let mu = 0; mu < V.lattice.dim; mu++) {
    const [a, b] = [r.U.toArray(mu), V.toArray(mu)];
    expect(Math.max(...a.map((x, k) => Math.abs(x - b[k]!)))).toBeLessThanOrEqual(tolerance);
  }
}
const allOk = { checksum: "ok", plaquette: "ok", linkTrace: "ok" };

describe("LIME", () => {
  test.each([2, 3, 4])("Grid, SU(%i): the datatype names a vector, the numbers a gauge field", (N) => {
    const r = read(gridFile(L(N)));
    expectLinks(r, U(N));
    expect([r.format, r.checks.checksum, r.warnings]).toEqual(["ildg", "ok", []]);
  });

  test.each(["Lattice", "numpy.ndarray", "QDP_F3_ColorVector", "anything", ""])('SciDAC, datatype "%s": judged by datacount and typesize', (datatype) => {
    for (const [N, bits] of [[2, 64], [3, 32], [4, 64]] as const) {
      const r = read(scidacFile(L(N), { bits, tags: { datatype } }));
      expectLinks(r, U(N), bits === 64 ? 0 : 1e-7);
      expect(r.checks.checksum).toBe("ok");
    }
  });

  test("all four matrices of a site as one object", () => {
    expectLinks(read(scidacFile(L(3), { bits: 64, tags: { datacount: "1", typesize: "576" } })), U(3));
    // 256 bytes are one matrix of SU(4) or four of SU(2): without the number of colours nobody knows
    expect(() => read(scidacFile(L(2), { bits: 64, tags: { datacount: "1", typesize: "256", colors: "0" } }))).toThrow(/no gauge field/);
  });

  test("one matrix a site, spinors and vectors are no gauge fields, whatever their name", () => {
    for (const tags of [{ datatype: "QDP_D3_ColorMatrix", datacount: "1" }, { datatype: "Lattice", datacount: "1" }, { datatype: "QDP_D3_ColorMatrix", datacount: "4", typesize: "48" }, { typesize: "2304", datacount: "1" }, { datacount: "3" }])
      expect(() => read(scidacFile(L(3), { bits: 64, tags }))).toThrow(/scidac record: got .* expected 4 matrices .* no gauge field/);
  });

  test("ILDG without a field element: N from the length, and it is said", () => {
    for (const N of [2, 3, 4]) {
      const whole = ildgFile(L(N)).toString("latin1");
      const r = read(Buffer.from(whole.replace(/<ildg:field.*?<\/ildg:field>/, (s) => " ".repeat(s.length)), "latin1"));
      expectLinks(r, U(N));
      expect(r.warnings.join()).toMatch(new RegExp(`no field element.*N = ${N} follows from the length`));
    }
  });

  test("comments are no elements", () => {
    const data = payload(L(3), 64, "BIG");
    const xml = `<?xml version="1.0"?><!-- <lx>8</lx> > --><ildgFormat><!----><version>1.0</version><field>su3gauge</field><!-- written by hand\n <field>su2gauge</field> --><precision>64</precision><lx>4</lx><ly>2</ly><lz>2</lz><lt>6</lt></ildgFormat><!-- <lt>12</lt>`;
    expectLinks(read(Buffer.concat([limeRecord("ildg-format", xml), limeRecord("ildg-binary-data", data), limeRecord("scidac-checksum", checksumXml(scidacChecksums(data, geo.volume)))])), U(3));
    const start = performance.now();
    expect(() => read(Buffer.concat([limeRecord("ildg-format", "<!--".repeat(60_000)), limeRecord("ildg-binary-data", data)]))).toThrow(/expected/);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("without gauge links: named", () => {
    expect(() => read(limeRecord("scidac-file-xml", "<propagator/>"))).toThrow(/this is a LIME file: .*scidac-file-xml.* it holds no gauge links/);
  });
});

describe("NERSC", () => {
  test("keys for people may come several times, those for programs once", () => {
    const lines = ["MILC_INFO = -------BEGIN-------", 'time_stamp = "now"', "gauge.beta11 = 6.0", "MILC_INFO = --------END--------", "ARCHIVE_DATE = a", "ARCHIVE_DATE = b", "ENSEMBLE_LABEL = x", "ENSEMBLE_LABEL = x"];
    const r = read(nerscFile(L(3), { rows: 2, lines }));
    expect(r.checks).toEqual(allOk);
    expect(r.header).toMatchObject({ ARCHIVE_DATE: "a; b", ENSEMBLE_LABEL: "x", "gauge.beta11": "6.0" });
    for (const line of ["DATATYPE = 4D_SU3_GAUGE_3x3", "CHECKSUM = 1", "DIMENSION_4 = 8", "FLOATING_POINT = IEEE32"]) expect(() => read(nerscFile(L(3), { rows: 2, lines: [line] }))).toThrow(/twice in the header/);
  });

  test.each([2, 3, 4, 5])("short datatypes, SU(%i): full and without the last row, by the length", (N) => {
    for (const DATATYPE of [`4D_SU${N}_GAUGE`, "4D_SUN_GAUGE"])
      for (const bits of [32, 64] as const)
        for (const rows of [N, N - 1]) {
          const r = read(nerscFile(L(N), { bits, rows, header: { DATATYPE } }));
          expectLinks(r, U(N), bits === 32 ? 5e-7 : rows === N ? 0 : 1e-14);
          expect(r.checks).toEqual(allOk);
        }
    expect(() => read(nerscFile(L(N), { header: { DATATYPE: "4D_SUN_GAUGE" } }).subarray(0, -8))).toThrow(/names no N.*expected/);
  });

  test.each([2, 4])("Grid before November 2021, SU(%i): read, and its defect named", (N) => {
    const LINK_TRACE = ((meanLinkTrace(L(N)) * N) / 3).toFixed(10);
    const r = read(nerscFile(L(N), { header: { DATATYPE: "4D_SU3_GAUGE_3x3", LINK_TRACE } }));
    expectLinks(r, U(N));
    expect(r.checks).toEqual(allOk);
    expect(r.warnings).toHaveLength(2);
    for (const w of r.warnings) expect(w).toContain("Grid wrote SU(3) into DATATYPE and a third of the trace into LINK_TRACE for every N");
    const later = read(nerscFile(L(N), { header: { LINK_TRACE } }));
    expect([later.checks, later.warnings.length]).toEqual([allOk, 1]);
    // nothing confirms the guess: the file is taken for a truncated one, unless the user knows
    const unconfirmed = nerscFile(L(N), { header: { DATATYPE: "4D_SU3_GAUGE_3x3", LINK_TRACE, CHECKSUM: null } });
    expect(() => read(unconfirmed)).toThrow(/truncated|trailing/);
    expectLinks(read(unconfirmed, { group: `su${N}` }), U(N));
    // another wrong trace stays wrong
    expect(() => read(nerscFile(L(N), { header: { LINK_TRACE: (meanLinkTrace(L(N)) * 0.9).toFixed(10) } }))).toThrow(/mismatch: link trace/);
  });

  test("a truncated SU(3) file whose length fits SU(2) is caught by its checksum", () => {
    const whole = nerscFile(L(3));
    const at = whole.indexOf("END_HEADER\n") + 11;
    expect(() => read(whole.subarray(0, at + (geo.volume * 4 * 8 * 8)))).toThrow(/mismatch: checksum/);
  });
});

describe("HiRep and headerless links", () => {
  test("SU(2) as quaternions: the links, the plaquette, and the other storage beside it", () => {
    const bytes = hirepFile(L(2), undefined, true);
    expect(bytes.length).toBe(28 + 128 * geo.volume);
    for (const file of [bytes, hirepFile(L(2))]) {
      const r = read(file);
      expectLinks(r, U(2));
      expect([r.format, r.checks.plaquette]).toEqual(["hirep", "ok"]);
    }
    expect(() => read(hirepFile(L(2), 0.5, true))).toThrow(/mismatch: plaquette/);
  });

  test.each([2, 3, 4])("plain doubles of either byte order, SU(%i)", (N) => {
    for (const [endian, format] of [["BIG", "bridge-binary"], ["LITTLE", "binary-little"]] as const) {
      const bytes = payload(L(N), 64, endian);
      const r = read(bytes, { lattice: geo.extents, group: `su${N}` });
      expectLinks(r, U(N));
      expect([r.format, detectFormat(bytes, { extents: geo.extents })]).toEqual([format, format]);
    }
  });
});

describe("what is no configuration is named", () => {
  test.each([
    ["gzip", gzipSync(nerscFile(L(3))), /gzip data.*unpack/],
    ["npz", Buffer.from("PK\x03\x04rest of an archive"), /ZIP archive.*npz.*numpy\.save/],
    ["PNG", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), /PNG image/],
    ["pickle", Buffer.from([0x80, 4, 0x95, 1, 2, 3]), /pickle/],
    ["LFS", Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"), /Git LFS pointer/],
    ["web page", Buffer.from("<!DOCTYPE html><html>404</html>"), /web page/],
    ["JSON", Buffer.from('{"a": 1}'), /JSON/],
    ["text", Buffer.from("Lorem ipsum dolor sit amet\n"), /this is text/],
    ["text with accents", Buffer.from("Grüße\n"), /this is text/],
    ["empty", Buffer.alloc(0), /empty file/],
    ["zeros", Buffer.alloc(1001), /zeros/],
    ["checkpoint", Buffer.from("gaugegrad checkpoint 1 10 00\n"), /checkpoint of a run/],
  ] as const)("%s", (_name, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
    expect(() => read(bytes)).toThrow(/expected a configuration/);
  });
});

describe("where a configuration comes from", () => {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const provenance = { ensembleId: "X", ensembleLabel: "my ensemble <1> & more", sequenceNumber: "417", creator: "somebody", creatorHardware: "a machine", creationDate: "Thu Jan 1 1970", archiveDate: "today", other: { "gauge.beta11": "6.0" } };

  test("NERSC and ILDG keep all of it, in both directions; NERSC always has a sequence number", () => {
    for (const format of ["nersc", "ildg"] as const) {
      const file = join(folder, format);
      writeGauge(file, U(3), format, { provenance });
      expect(readGauge(file).provenance).toEqual(provenance);
      writeGauge(file, U(3), format);
      const { header, checks } = readGauge(file);
      expect(checks.checksum).toBe("ok");
      if (format === "nersc") expect(header).toMatchObject({ SEQUENCE_NUMBER: "0", ENSEMBLE_ID: "", CREATOR: "gaugegrad" });
    }
    for (const [given, written] of [["abc", "0"], ["12; 13", "12"], ["-3", "0"]] as const) {
      writeGauge(join(folder, "n"), U(3), "nersc", { provenance: { sequenceNumber: given } });
      expect(readGauge(join(folder, "n")).header["SEQUENCE_NUMBER"]).toBe(written);
    }
  });

  test("Grid's metadata, MILC's time stamp, logical file names", () => {
    const grid = read(gridFile(L(3), { metadata: "<sequence_number>12</sequence_number><ensemble_id>E</ensemble_id><creator>me</creator>" })).provenance;
    expect(grid).toEqual({ sequenceNumber: "12", ensembleId: "E", creator: "me", creationDate: "Mon 01 Jan 2024", logicalFileName: "lfn://example/none" });
    writeGauge(join(folder, "m"), U(3), "milc", { provenance });
    expect(readGauge(join(folder, "m")).provenance).toEqual({ creationDate: "Thu Jan 1 1970" });
  });

  test("texts of a file cannot break a header", () => {
    const evil = { ensembleLabel: "a\nCHECKSUM = 0\nEND_HEADER\n", other: { "END_HEADER\n": "x", CHECKSUM: "0", PLAQUETTE: "0.1" } };
    for (const format of ["nersc", "ildg"] as const) {
      const file = join(folder, `evil-${format}`);
      writeGauge(file, U(3), format, { provenance: evil });
      const r = readGauge(file);
      expect(r.checks.checksum).toBe("ok");
      expect(r.provenance.ensembleLabel).toBe("a?CHECKSUM = 0?END_HEADER?");
    }
    writeFileSync(join(folder, "esc.nersc"), nerscFile(L(3), { lines: ["ENSEMBLE_ID = \x1b[31m"] }));
    expect(readGauge(join(folder, "esc.nersc")).checks).toEqual(allOk);
  });
});

test("every format says what it is", () => {
  for (const f of gaugeFormats) {
    expect(f.title.length).toBeGreaterThan(3);
    expect(f.cite.length).toBeGreaterThan(0);
    if (f.writer) expect(f.writer.extensions.length * f.writer.precisions.length).toBeGreaterThan(0);
  }
  expect(new Set(gaugeFormats.map((f) => f.name)).size).toBe(gaugeFormats.length);
});
