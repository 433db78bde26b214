/** About a thousand damaged files; many more in the physics suite. */
import { expect, test } from "vitest";
import { readGauge } from "../../src/io/index.ts";
import { limeRecord } from "./encode.ts";
import { fuzz, subjects } from "./fuzz.ts";

test("the undamaged files are read", () => {
  for (const s of subjects.filter((x) => x.name !== "npy direction")) expect(readGauge(s.bytes, { threads: 1, lattice: [2, 2, 2, 2] }).group.name).toBe("SU(3)");
});

test("damaged headers give links or one clear error", () => {
  const { refused, read } = fuzz(90, 1);
  expect(refused + read).toBeGreaterThanOrEqual(90 * subjects.length);
  expect(refused).toBeGreaterThan(read);
}, 120_000);

test("every truncation of a small file is refused", () => {
  for (const s of subjects.filter((x) => x.name !== "bridge"))
    for (let k = 0; k < 40; k++) expect(() => readGauge(s.bytes.subarray(0, Math.floor((k * s.bytes.length) / 40)), { lattice: [2, 2, 2, 2] })).toThrow(/expected/);
});

test("headers that announce more than there is: refused before anything is allocated", () => {
  const huge = subjects.find((s) => s.name === "milc")!.bytes;
  const file = Buffer.from(huge);
  for (const k of [4, 8, 12, 16]) file.writeInt32BE(60000, k);
  const before = process.memoryUsage().arrayBuffers;
  expect(() => readGauge(file)).toThrow(/expected a larger file/);
  const negative = Buffer.from(huge);
  negative.writeInt32BE(-4, 4);
  expect(() => readGauge(negative)).toThrow(/expected extents from 1/);
  const record = limeRecord("ildg-binary-data", Buffer.alloc(16));
  record.writeBigUInt64BE(2n ** 63n + 5n, 8);
  expect(() => readGauge(record)).toThrow(/got a length of 9223372036854775813/);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 22);
});

test("patterns that would make a careless parser slow", () => {
  const nasty = ["<lx".repeat(80_000), `<lx ${" ".repeat(200_000)}`, "<a:".repeat(80_000), "<".repeat(200_000)];
  for (const text of nasty) {
    const start = performance.now();
    expect(() => readGauge(Buffer.concat([limeRecord("ildg-format", text), limeRecord("ildg-binary-data", Buffer.alloc(64))]))).toThrow(/expected/);
    expect(performance.now() - start).toBeLessThan(20_000);
  }
  const header = Buffer.from(`BEGIN_HEADER\n${"A = 1".padEnd(60000, " ")}\n`);
  expect(() => readGauge(header)).toThrow(/END_HEADER/);
  const keys = Buffer.from(`BEGIN_HEADER\n__proto__ = 4D_SU3_GAUGE_3x3\nconstructor = 1\nEND_HEADER\n`);
  expect(() => readGauge(keys)).toThrow(/DATATYPE: got nothing/);
  expect(() => readGauge(Buffer.from("1".repeat(500_000)), { lattice: [2, 2, 2, 2] })).toThrow(/expected/);
});

test("messages never carry control characters of the file", () => {
  const s = subjects.find((x) => x.name === "nersc")!;
  const file = Buffer.from(s.bytes.toString("latin1").replace("4D_SU3_GAUGE_3x3", "4D\x1b[31m\x07\x00AUGE_3x3"), "latin1");
  expect(() => readGauge(file)).toThrow(/DATATYPE/);
  try {
    readGauge(file);
  } catch (error) {
    // eslint-disable-next-line no-control-regex
    expect((error as Error).message).not.toMatch(/[\x00-\x1f\x7f]/);
  }
});
