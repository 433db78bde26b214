/** Arrays of links, npy and HDF5, in every order of their axes that is stated; what is not stated and not unique is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type LinkField, SU, hot, lattice } from "gaugegrad";
import { BackendError, FileFormatError } from "../../src/errors.ts";
import { type GaugeFile, type ReadOptions, isHdf5, loadHdf5, readGauge, writeGauge } from "../../src/io/index.ts";
import { cli } from "../cli/helpers.ts";
import { arrayOf, linksOf, npyArray, npyWhole } from "./encode.ts";

const geo = lattice([2, 4, 2, 6], { threads: 1 });
const su3 = hot(geo, SU(3), { seed: 71 });
const L3 = linksOf(su3);
const cube = hot(lattice([4, 4, 4, 4], { threads: 1 }), SU(2), { seed: 72 });
const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

function expectLinks(r: GaugeFile, U: LinkField): void {
  expect(r.U.lattice.extents).toEqual(U.lattice.extents);
  for (let mu = 0; mu < U.lattice.dim; mu++) expect(r.U.toArray(mu)).toEqual(U.toArray(mu));
}
const read = (bytes: Uint8Array, options: ReadOptions = {}): GaugeFile => readGauge(bytes, { threads: 1, ...options });

const ORDERS: readonly (readonly [name: string, axes: string])[] = [
  ["mu-last", "t,z,y,x,mu,row,column"],
  ["mu-first", "mu,t,z,y,x,row,column"],
  ["mu-last-xyzt", "x,y,z,t,mu,row,column"],
  ["mu-first-xyzt", "mu,x,y,z,t,row,column"],
  ["t,x,y,z,mu,col,row", "t,x,y,z,mu,column,row"],
  ["x,mu,y,t,z,row,column", "x,mu,y,t,z,row,column"],
];

describe("npy", () => {
  test.each(ORDERS)("order %s", (order, axes) => {
    expectLinks(read(npyArray(L3, axes.split(",")), { order }), su3);
    expectLinks(read(npyArray(L3, axes.split(","), { pairs: true }), { order }), su3);
    // Julia's way: the same bytes, the axes reversed
    expectLinks(read(npyArray(L3, axes.split(","), { fortran: true }), { order: axes.split(",").reverse().join() }), su3);
  });

  test("two and three dimensions", () => {
    for (const extents of [[4, 6], [2, 4, 6]]) {
      const U = hot(lattice(extents, { threads: 1 }), SU(2), { seed: 1 });
      const sites = extents.length === 2 ? ["t", "x"] : ["t", "y", "x"];
      expectLinks(read(npyArray(linksOf(U), ["mu", ...sites, "row", "column"]), { order: "mu-first" }), U);
      expectLinks(read(npyArray(linksOf(U), [...sites, "mu", "row", "column"])), U);
    }
  });

  test("an array that fits two readings is refused, and read with the order or with a lattice that decides", () => {
    for (const order of ["mu-first", "mu-last"] as const) {
      const bytes = npyArray(linksOf(cube), ORDERS.find(([name]) => name === order)![1].split(","));
      for (const options of [{}, { lattice: [4, 4, 4, 4] }]) expect(() => read(bytes, options)).toThrow(/shape \(4, 4, 4, 4, 4, 2, 2\), which fits mu-last \(4x4x4x4\) and mu-first .* expected a stated one: give the order/);
      expectLinks(read(bytes, { order }), cube);
    }
    const short = lattice([4, 2, 2, 4], { threads: 1 });
    const U = hot(short, SU(2), { seed: 3 });
    const bytes = npyWhole(linksOf(U));
    expect(() => read(bytes)).toThrow(/fits mu-last \(4x2x2x4\) and mu-first \(4x4x2x2\)/);
    expectLinks(read(bytes, { lattice: [4, 2, 2, 4] }), U);
    // mu first, and nothing but a lattice says whether t or x is the slowest
    const first = npyArray(L3, "mu,x,y,z,t,row,column".split(","));
    const L5 = hot(lattice([2, 6, 2, 8], { threads: 1 }), SU(2), { seed: 4 });
    const other = npyArray(linksOf(L5), "mu,x,y,z,t,row,column".split(","));
    expect(() => read(first)).toThrow(/fits mu-first \(6x2x4x2\) and mu-first-xyzt, expected a stated one/);
    expect(() => read(other)).toThrow(/expected a stated one/);
    const r = read(other, { lattice: [2, 6, 2, 8] });
    expectLinks(r, L5);
    expect(r.warnings.join()).toMatch(/only mu-first-xyzt gives the lattice 2x6x2x8/);
    expect(() => read(npyArray(L3, "mu,x,y,z,t,row,column".split(","), { fortran: true }))).toThrow(/in Fortran order, which fits no usual order/);
  });

  test("what this program writes, it reads: an ambiguous shape is noted in the header", () => {
    writeGauge(at("cube.npy"), cube, "npy");
    expectLinks(readGauge(at("cube.npy"), { threads: 1 }), cube);
    expect(readFileSync(at("cube.npy")).subarray(10, 128).toString("latin1")).toMatch(/^\{'descr': '<c16', 'fortran_order': False, 'shape': \(4, 4, 4, 4, 4, 2, 2\), \} {2}# gaugegrad order mu-last *\n$/);
    // the note gives way to what the user states
    expect(readGauge(at("cube.npy"), { threads: 1, order: "mu-first" }).U.toArray(0)).not.toEqual(cube.toArray(0));
  });

  test("orders that are none, and arrays that they do not fit", () => {
    const bytes = npyArray(L3, ORDERS[0]![1].split(","));
    for (const order of ["mu-middle", "t,z,y,x", "t,t,z,y,x,mu,row,column", "t,z,y,x,mu,row", "", "constructor"]) expect(() => read(bytes, { order })).toThrow(/order: got .* expected mu-last, mu-first/);
    expect(() => read(bytes, { order: "mu-first" })).toThrow(/mu has the length 6/);
    expect(() => read(bytes, { order: "row,column,t,z,y,x,mu" })).toThrow(/rows and columns/);
    expect(() => read(npyArray(linksOf(cube), "row,t,z,y,x,mu,column".split(",")), { order: "row,t,z,y,x,mu,column" })).toThrow(/do not follow each other in memory/);
    expect(() => read(Buffer.from(bytes.toString("latin1").replace("<c16", "<f8 "), "latin1"))).toThrow(/npy/);
  });
});

interface Writer {
  create_dataset(args: { name: string; data: unknown; shape: number[]; dtype?: unknown; chunks?: number[]; compression?: number }): void;
  create_group(name: string): Writer;
  create_attribute(name: string, value: unknown): void;
  close(): void;
}

describe("HDF5", async () => {
  const library = await loadHdf5();
  const { File } = (await import("h5wasm/node")) as unknown as { File: new (file: string, mode: string) => Writer };
  const writeFile = (name: string, fill: (file: Writer) => void): string => {
    const file = new File(at(name), "w");
    fill(file);
    file.close();
    return at(name);
  };
  /** h5py's complex numbers are a compound of r and i. */
  const complex = ({ shape, reals }: { shape: number[]; reals: number[] }, [re, im] = ["r", "i"], type = "<d") => ({
    data: new Map([[re!, Float64Array.from(reals.filter((_, k) => k % 2 === 0))], [im!, Float64Array.from(reals.filter((_, k) => k % 2 === 1))]]),
    shape,
    dtype: [[re, type], [im, type]],
  });
  const pairs = ({ shape, reals }: { shape: number[]; reals: number[] }) => ({ data: Float64Array.from(reals), shape: [...shape, 2], dtype: "<d" });
  const open = (file: string, options: ReadOptions = {}): GaugeFile => readGauge(file, { threads: 1, hdf5: library, ...options });

  test.each(ORDERS)("order %s, complex and pairs of reals", (order, axes) => {
    const array = arrayOf(L3, axes.split(","));
    const file = writeFile("one.h5", (f) => {
      f.create_dataset({ name: "U", ...complex(array) });
      f.create_attribute("beta", 6.0);
    });
    const r = open(file, { order });
    expectLinks(r, su3);
    expect([r.format, r.precision, r.header["beta"], r.provenance.other?.["beta"]]).toEqual(["hdf5", 64, "6", "6"]);
    expectLinks(open(writeFile("pairs.h5", (f) => f.create_group("gauge").create_dataset({ name: "links", ...pairs(array) })), { order, dataset: "/gauge/links" }), su3);
  });

  test("one dataset a direction, and the arrays of Julia's JLD2: a user block, axes reversed, members re and im", () => {
    const axes = ["t", "z", "y", "x", "column", "row"];
    const file = writeFile("jl.h5", (f) => {
      for (let mu = 0; mu < 4; mu++) f.create_dataset({ name: `U${mu + 1}`, ...complex(arrayOf(L3, axes, mu), ["re_", "im_"]) });
      f.create_group("_types").create_dataset({ name: "00000001", data: Float64Array.of(1, 2), shape: [2] });
    });
    const block = Buffer.alloc(512);
    block.write("HDF5-based Julia Data Format, version 0.1.1 (Julia 1.11.1 64-bit LE)\x00");
    writeFileSync(at("u.jld2"), Buffer.concat([block, readFileSync(file)]));
    expect(isHdf5(at("u.jld2"))).toBe(true);
    for (const name of [file, at("u.jld2")]) expectLinks(open(name, { order: axes.join(), dataset: ["U1", "U2", "U3", "U4"] }), su3);
    const other = writeFile("py.h5", (f) => [0, 1, 2, 3].forEach((mu) => f.create_dataset({ name: `mu${mu}`, ...complex(arrayOf(L3, ["t", "z", "y", "x", "row", "column"], mu)) })));
    expectLinks(open(other, { order: "mu-first", dataset: ["mu0", "mu1", "mu2", "mu3"] }), su3);
    expect(() => open(other, { order: "mu-first", dataset: ["mu0", "mu1"] })).toThrow(/got 2 datasets .* expected one with an axis mu, or 4 without/);
    expect(() => open(other, { order: "mu-first" })).toThrow(/4 datasets that may hold links \("mu0", "mu1".* name it/);
  });

  test("what is missing is said: the order, the dataset, the library, links", () => {
    const file = writeFile("m.h5", (f) => f.create_dataset({ name: "U", ...complex(arrayOf(L3, ORDERS[0]![1].split(","))) }));
    expect(() => open(file)).toThrow(/dataset "U" of the shape \(6, 2, 4, 2, 4, 3, 3\), expected a stated order of its axes/);
    expect(() => open(file, { order: "mu-last", dataset: "V" })).toThrow(/got no dataset "V" .* expected one of "U"/);
    expect(() => readGauge(file)).toThrow(BackendError);
    expect(() => readGauge(file)).toThrow(/this is HDF5, expected the reader h5wasm .* npm install h5wasm/);
    expect(() => readGauge(readFileSync(file), { hdf5: library })).toThrow(/a path/);
    expect(() => open(writeFile("none.h5", (f) => f.create_dataset({ name: "x", data: Float64Array.of(1, 2, 3), shape: [3] })), { order: "mu-last" })).toThrow(/0 datasets that may hold links \("x"\).*holds no gauge links/);
  });

  test("damaged files are one line", () => {
    const good = readFileSync(writeFile("d.h5", (f) => f.create_dataset({ name: "U", ...complex(arrayOf(L3, ORDERS[0]![1].split(","))) })));
    let refused = 0;
    for (let k = 0; k < 60; k++) {
      const bad = Buffer.from(good);
      if (k % 3 === 0) bad.fill(k, 8 + 13 * k, 8 + 13 * k + 12);
      else bad[8 + 29 * k]! ^= 0xff;
      writeFileSync(at("bad.h5"), k % 4 === 0 ? bad.subarray(0, 100 + 40 * k) : bad);
      try {
        open(at("bad.h5"), { order: "mu-last" });
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
        expect((error as Error).message).toMatch(/^[^\n]*expected[^\n]*$/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(10);
  });

  test("measure and convert", async () => {
    writeFile("c.h5", (f) => f.create_dataset({ name: "U", ...complex(arrayOf(L3, ORDERS[1]![1].split(","))) }));
    const r = await cli(["convert", "c.h5", "c.ildg", "--order", "mu-first"], { directory: folder });
    expect([r.code, r.stderr]).toEqual([0, ""]);
    expectLinks(readGauge(at("c.ildg"), { threads: 1 }), su3);
    const m = await cli(["measure", "c.h5", "--order", "mu-first", "--dataset", "U", "--json"], { directory: folder });
    expect(JSON.parse(m.stdout)).toMatchObject({ format: "hdf5", group: "SU(3)", lattice: [2, 4, 2, 6] });
    expect((await cli(["measure", "c.h5", "--json"], { directory: folder })).code).toBe(5);
  });
});
