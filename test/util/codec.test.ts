/** The codec keeps every bit of numbers and typed arrays; files are replaced whole or not at all. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { decode, encode, writeFileAtomic } from "../../src/util/index.ts";

describe("codec", () => {
  test("numbers, nested structures and typed arrays come back exactly", () => {
    const data = {
      numbers: [0, 1, -1, 0.1, Math.PI, 2 ** 53 - 1, -(2 ** 40), 5e-324, 1.7976931348623157e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      text: "Noether ß ∂", flag: true, nothing: null, empty: {}, list: [[], [{}]],
      f64: Float64Array.of(-0, 1 / 3, Number.NaN, 5e-324), f32: Float32Array.of(0.1), i32: Int32Array.of(-7), u8: Uint8Array.of(0, 255), none: new Float64Array(0),
    };
    const back = decode(encode(data)) as typeof data;
    expect(back).toEqual(data);
    expect(Object.keys(back)).toEqual(Object.keys(data));
    expect(back.f64).toBeInstanceOf(Float64Array);
    expect(new Uint8Array(back.f64.buffer, back.f64.byteOffset, 32)).toEqual(new Uint8Array(data.f64.buffer));
    expect(encode(data)).toEqual(encode(structuredClone(data)));
  });
  test("decoded arrays do not share memory with the bytes", () => {
    const bytes = encode(Float64Array.of(1, 2));
    const x = decode(bytes) as Float64Array;
    bytes.fill(0);
    expect([...x]).toEqual([1, 2]);
  });
  test("incomplete or overlong bytes are errors", () => {
    const bytes = encode({ a: Float64Array.of(1, 2, 3) });
    for (let k = 0; k < bytes.length; k++) expect(() => decode(bytes.subarray(0, k)), `first ${k}`).toThrow();
    expect(() => decode(Uint8Array.of(...bytes, 1))).toThrow();
  });
});

describe("writeFileAtomic", () => {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-files-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  test("new contents, and nothing else in the folder", () => {
    const file = join(folder, "a");
    writeFileAtomic(file, "one");
    writeFileAtomic(file, Uint8Array.of(50));
    expect(readFileSync(file, "utf8")).toBe("2");
    expect(readdirSync(folder)).toEqual(["a"]);
  });
  test("a failed write leaves neither a temporary file nor a changed old one", () => {
    writeFileSync(join(folder, "b"), "old");
    expect(() => writeFileAtomic(join(folder, "b", "c"), "x")).toThrow();
    expect(() => writeFileAtomic(folder, "x")).toThrow();
    expect(readFileSync(join(folder, "b"), "utf8")).toBe("old");
    expect(readdirSync(folder).sort()).toEqual(["a", "b"]);
    expect(existsSync(`${folder}.${process.pid}.tmp`)).toBe(false);
  });
});
