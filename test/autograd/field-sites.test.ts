/** Values of chosen sites: the same numbers as the whole array has, on every backend. */
import { GeometryError } from "../../src/errors.ts";
import { DirectionalField, lattice } from "gaugegrad";
import { expect, test } from "vitest";

for (const backend of ["js", "wasm"] as const)
  test(`sites written and read in pieces, ${backend}`, () => {
    const geo = lattice([4, 2, 4], { backend });
    const U = new DirectionalField(geo, 2, "links");
    const all = Float64Array.from({ length: geo.volume * 8 }, (_, k) => k + 0.5);
    const order = Int32Array.from({ length: geo.volume }, (_, k) => (7 * k) % geo.volume);
    // two records of 8 numbers a site, the second is ours
    const records = new Float64Array(geo.volume * 16).fill(-1);
    order.forEach((n, k) => records.set(all.subarray(8 * n, 8 * n + 8), 16 * k + 8));
    for (let k = 0; k < geo.volume; k += 5) U.fields[1]!.writeSites(order.subarray(k, k + 5), records.subarray(16 * k), 8, 16);
    expect(U.toArray(1)).toEqual(all);
    const back = new Float64Array(records.length).fill(-1);
    expect(U.fields[1]!.readSites(order, back, 8, 16)).toEqual(records);
    expect(() => U.fields[0]!.writeSites(Int32Array.of(geo.volume), all)).toThrow(GeometryError);
    expect(() => U.fields[0]!.writeSites(Int32Array.of(0, 1), all.subarray(0, 15))).toThrow(GeometryError);
  });
