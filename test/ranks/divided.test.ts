/** Divided lattices in one process, with ghost blocks on all sides and on ranks that are threads: every program has the bits of the undivided lattice, on every grid. */
import { describe, expect, test } from "vitest";
import { lattice } from "gaugegrad";
import { onThreads } from "./threads.ts";
import { work } from "./work.mjs";
import { selfComm } from "../../src/backend/index.ts";
import { interiorOf } from "../../src/compiler/divide/interior.ts";
import type { KernelStep } from "../../src/compiler/ir.ts";
import type { Machine } from "../../src/compiler/machine.ts";

const EXTENTS = [4, 4, 4, 8];
const names = Object.keys(work);
/** Those of SU(2), where quaternions are stored. */
const QUATERNIONS = ["own", "hvp", "loop", "rational", "smeared", "hmc", "rectangles", "quaternions"];
const known = new Map<string, string>();
/** The hash on the undivided lattice. */
function plain(name: string, options: object = {}): string {
  const key = `${name} ${JSON.stringify(options)}`;
  let hash = known.get(key);
  if (hash === undefined) known.set(key, (hash = work[name]!(lattice(EXTENTS, { threads: 1, ...options }))));
  return hash;
}

test.each(names)("ghost blocks on all sides: %s", (name) => {
  expect(work[name]!(lattice(EXTENTS, { threads: 1, ghosts: true }))).toBe(plain(name));
});

/** Those that a lattice of single precision is asked for. */
const SINGLE = ["plaquette", "own", "cask", "masked", "staggered", "measure", "loop", "coupling"];
test.each(SINGLE)("single precision, with ghost blocks on all sides: %s", (name) => {
  const options = { precision: "f32" as const };
  expect(work[name]!(lattice(EXTENTS, { threads: 1, ghosts: true, ...options }))).toBe(plain(name, options));
  expect(plain(name, options)).not.toBe(plain(name));
});

/** Those that a batch of samples is asked for: every sample is on all ranks, and hmc accepts each by itself. */
const BATCH = 3;
const BATCHES = ["plaquette", "symanzik", "cask", "masked", "staggered", "hmc", "convolution", "coupling", "heatbath", "rectangles"];

test.each(QUATERNIONS)("quaternions, with ghost blocks on all sides: %s", (name) => {
  const options = { quaternions: true };
  expect(work[name]!(lattice(EXTENTS, { threads: 1, ghosts: true, ...options }))).toBe(plain(name, options));
  expect(plain(name, options)).not.toBe(plain(name));
});

describe("kernels work on their interior while messages are under way", () => {
  // chunks of two time slices of 64 sites
  const extents = [4, 4, 4, 16];

  test.each<[KernelStep["domain"], readonly (readonly number[])[], readonly [number, number] | undefined]>([
    ["all", [[0, 0, 0, 1]], [0, 3]],
    ["all", [[0, 0, 0, 1], [0, 0, 0, 15]], [1, 3]],
    ["even", [[0, 0, 0, 15]], [1, 2]],
    ["all", [[0, 0, 0, 4], [1, 0, 0, 12]], undefined],
    ["all", [[1, 0, 0, 0]], [0, 4]],
  ])("on %s, displacements %j", (domain, displacements, chunks) => {
    const { engine } = lattice(extents, { threads: 1, comm: { ...selfComm, size: 2 }, grid: [1, 1, 1, 2] });
    const args = displacements.map((displacement) => ({ kind: "field", buffer: 0, displacement }));
    expect(interiorOf({ kind: "kernel", domain, instructions: [{ args }], reductions: [] } as unknown as KernelStep, engine as Machine)).toEqual(chunks);
  });

  test("same bits as without ranks", async () => {
    const names = ["plaquette", "staggered"];
    const results = await onThreads(2, names.map((name) => ({ name, extents, grid: [1, 1, 1, 2] })));
    for (const ofRank of results) expect(ofRank).toEqual(names.map((name) => work[name]!(lattice(extents, { threads: 1 }))));
  });
});

test.each([...BATCHES.map((name) => ["wasm", name] as const), ["js", "symanzik"] as const, ["js", "coupling"] as const])("a batch, with ghost blocks on all sides, %s: %s", (backend, name) => {
  const options = { batch: BATCH, backend };
  expect(work[name]!(lattice(EXTENTS, { threads: 1, ghosts: true, ...options }))).toBe(plain(name, options));
});

/** What runs on the ranks of a grid, with matrices, with quaternions, in single precision and in batches. */
interface OnGrid {
  readonly grid: readonly number[];
  readonly matrices: readonly string[];
  readonly quaternions?: readonly string[];
  readonly single: readonly string[];
  readonly batches?: readonly string[];
}
/** What compiles for seconds is asked for with matrices on ranks, and in single precision and batches with ghost blocks. */
const quick = (name: string): boolean => name !== "cask";
/** All of them on one grid, what differs between grids on the others; cask and convolution reach beyond the next rank where two slices lie on each. */
const GRIDS: readonly OnGrid[] = [
  { grid: [1, 1, 1, 2], matrices: names, quaternions: QUATERNIONS, single: SINGLE.filter(quick), batches: BATCHES.filter(quick) },
  { grid: [1, 1, 1, 4], matrices: ["plaquette", "symanzik", "cask", "convolution"], single: ["plaquette", "convolution"] },
  { grid: [1, 1, 2, 2], matrices: ["plaquette", "own", "staggered", "coupling", "mesons", "gaugeFixed"], quaternions: ["quaternions"], single: ["own"] },
  { grid: [2, 1, 1, 2], matrices: ["plaquette", "smeared", "heatbath", "convolution", "coupling", "gaugeFixed"], quaternions: ["smeared", "quaternions"], single: ["staggered", "masked", "coupling"], batches: ["plaquette", "hmc", "coupling", "heatbath"] },
];

describe("ranks as threads", () => {
  for (const { grid, matrices, quaternions = [], single, batches = [] } of GRIDS)
    test(`grid [${grid.join(", ")}]: ${matrices.join(", ")}; quaternions: ${quaternions.join(", ")}; single precision: ${single.join(", ")}; batches: ${batches.join(", ")}`, async () => {
      const size = grid.reduce((p, g) => p * g, 1);
      const of = (list: readonly string[], options: object): { name: string; options: object }[] => list.map((name) => ({ name, options }));
      const here = [...of(matrices, {}), ...of(quaternions, { quaternions: true }), ...of(single, { precision: "f32" }), ...of(batches, { batch: BATCH, backend: "wasm" })];
      const results = await onThreads(size, here.map((job) => ({ ...job, extents: EXTENTS, grid })));
      const named = (hashes: readonly string[]): readonly (readonly [string, object, string])[] => here.map(({ name, options }, k) => [name, options, hashes[k]!]);
      for (const ofRank of results) expect(named(ofRank)).toEqual(named(here.map(({ name, options }) => plain(name, options))));
    });
});
