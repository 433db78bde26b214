import { expect, test } from "vitest";
import { PURPOSE, fillNormals, philox, randomStream } from "../../src/util/index.ts";

const words = (counter: number[], key: number[]): string => {
  const out = new Uint32Array(4);
  philox(counter, key, out);
  return [...out].map((x) => x.toString(16).padStart(8, "0")).join(" ");
};

test("Philox4x32-10 known answers (Random123)", () => {
  expect(words([0, 0, 0, 0], [0, 0])).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  const ones = 0xffffffff;
  expect(words([ones, ones, ones, ones], [ones, ones])).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
  expect(words([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("normal numbers have the right moments", () => {
  const n = 200_000;
  const x = new Float64Array(n);
  fillNormals(randomStream(7), { sites: n / 4, components: 4, trajectory: 3, purpose: PURPOSE.test }, x);
  const moment = (p: number): number => x.reduce((s, v) => s + v ** p, 0) / n;
  expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  let lag = 0;
  for (let k = 1; k < n; k++) lag += x[k]! * x[k - 1]!;
  expect(Math.abs(lag / n)).toBeLessThan(5 / Math.sqrt(n));
});

test("a number depends on its own counter only", () => {
  const [a, b] = [new Float64Array(2), new Float64Array(2)];
  const rng = randomStream(5, 1);
  rng.normals(10, 0, 2, PURPOSE.momentum, a);
  rng.normals(11, 0, 2, PURPOSE.momentum, b);
  const again = randomStream(5, 1);
  const c = new Float64Array(2);
  again.normals(11, 0, 2, PURPOSE.momentum, c);
  expect([...c]).toEqual([...b]);
  again.normals(10, 0, 2, PURPOSE.momentum, c);
  expect([...c]).toEqual([...a]);
  for (const other of [randomStream(6, 1), randomStream(5, 2)]) {
    other.normals(10, 0, 2, PURPOSE.momentum, c);
    expect(c[0]).not.toBe(a[0]);
  }
});

test("seeds that are not non-negative integers are refused", () => {
  expect(() => randomStream(-1)).toThrow(/seed: got -1/);
  expect(() => randomStream(0.5)).toThrow(/expected a non-negative integer/);
  expect(() => randomStream(1, 2 ** 33)).toThrow(/stream/);
});
