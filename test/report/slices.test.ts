import { describe, expect, test } from "vitest";
import { GeometryError } from "../../src/errors.ts";
import { type SliceStack, largestPosition, slicePlot, stackRange } from "../../src/report/index.ts";
import { group, parseSvg, texts } from "./helpers.ts";

const stack = (values: number[], extents: number[], diverging = false): SliceStack => ({ id: "s", name: "Density", values, extents, axes: ["x", "y", "z", "t"].slice(0, extents.length), diverging, caption: "c" });
/** values[site] = site */
const counting = (extents: number[]): SliceStack => stack(Array.from({ length: extents.reduce((v, L) => v * L, 1) }, (_, n) => n), extents);

describe("slices", () => {
  test("the plane at (z, t) has the sites x + 3 y + 6 z + 12 t, in the colours of the whole lattice", () => {
    const s = counting([3, 2, 2, 4]);
    expect(stackRange(s)).toEqual([0, 47]);
    // one colour for the sites of the plane and another for all the others
    const at = (z: number, t: number): SliceStack => stack(Array.from({ length: 48 }, (_, n) => Number(Math.floor(n / 6) === z + 2 * t)), s.extents as number[]);
    for (const [z, t] of [[0, 0], [1, 2], [1, 3]] as const) {
      const svg = parseSvg(slicePlot(at(z, t), [z, t]));
      expect(texts(svg)).toContain(`Density, z = ${z}, t = ${t}`);
      const own = Array.from(group(svg, "sites")!.querySelectorAll("path"), (p) => p.getAttribute("fill"));
      const other = Array.from(group(parseSvg(slicePlot(at(z, t), [1 - z, t])), "sites")!.querySelectorAll("path"), (p) => p.getAttribute("fill"));
      expect(own).toHaveLength(1);
      expect(other).toHaveLength(1);
      expect(own).not.toEqual(other);
    }
  });
  test("two dimensions have one slice, three have one coordinate", () => {
    expect(texts(parseSvg(slicePlot(counting([3, 2]), [])))).toContain("Density");
    expect(texts(parseSvg(slicePlot(counting([3, 2, 4]), [3])))).toContain("Density, z = 3");
  });
  test.each([[[0]], [[0, 4]], [[-1, 0]], [[0.5, 0]], [[0, 0, 0]], [[Number.NaN, 0]]])("refuses the position %j", (position) => {
    expect(() => slicePlot(counting([3, 2, 2, 4]), position)).toThrow(GeometryError);
  });
  test("ranges: symmetric for signed quantities, finite values only", () => {
    expect(stackRange(stack([-1, 3, Number.NaN, Infinity], [4, 1], true))).toEqual([-3, 3]);
    expect(stackRange(stack([0, 0], [2, 1], true))).toEqual([-1, 1]);
  });
  test("the slice through the largest size", () => {
    const values = Array.from({ length: 48 }, (_, n) => (n === 1 + 3 + 6 + 36 ? -9 : 1));
    expect(largestPosition(stack(values, [3, 2, 2, 4]))).toEqual([1, 3]);
    expect(largestPosition(stack([1, 2], [2, 1]))).toEqual([]);
  });
});
