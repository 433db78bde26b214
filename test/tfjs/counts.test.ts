/**
 * Calls, uploads and downloads of a force and of a trajectory, counted at the addon of a node engine: what decides about time on a GPU, where a call costs the same
 * whatever it does.
 */
import { beforeAll, expect, test } from "vitest";
import { DirectionalField, type AlgebraField, type LinkField } from "../../src/autograd/index.ts";
import { loadTfjs } from "../../src/compiler/tfjs/index.ts";
import { closedFormLinks, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { stout } from "../../src/models/index.ts";
import { hmc, integrate } from "../../src/samplers/index.ts";
import { drawMomenta } from "../../src/samplers/movable.ts";
import { randomStream } from "../../src/util/index.ts";
import { type FakeBinding, fakeNodeModule } from "./fake-node.ts";

/** Calls of the addon since the last look: ops by name, tensors created, tensors read. */
class Counter {
  #ops: string[] = [];
  #uploads = 0;
  #downloads = 0;

  constructor(binding: FakeBinding) {
    const { executeOp, createTensor, tensorDataSync } = binding;
    Object.assign(binding, {
      executeOp: (...a: Parameters<typeof executeOp>) => (this.#ops.push(a[0]), executeOp.apply(binding, a)),
      createTensor: (...a: Parameters<typeof createTensor>) => (this.#uploads++, createTensor.apply(binding, a)),
      tensorDataSync: (...a: Parameters<typeof tensorDataSync>) => (this.#downloads++, tensorDataSync.apply(binding, a)),
    });
  }

  of(work: () => unknown): { ops: number; uploads: number; downloads: number; names: readonly string[] } {
    [this.#ops, this.#uploads, this.#downloads] = [[], 0, 0];
    const before = backend.calls();
    work();
    const after = backend.calls();
    // what the engine says of itself
    expect({ ops: after.ops - before.ops, uploads: after.uploads - before.uploads, downloads: after.downloads - before.downloads }).toEqual({ ops: this.#ops.length, uploads: this.#uploads, downloads: this.#downloads });
    return { ops: this.#ops.length, uploads: this.#uploads, downloads: this.#downloads, names: this.#ops };
  }
}

const module = fakeNodeModule({ gpu: true });
const backend = await loadTfjs({ engine: "tfjs-node-gpu", module });
const counter = new Counter(module.binding);
const S = gaugeAction.wilson({ beta: 5.5 });
const geometry = lattice([4, 2, 2, 2], { engine: backend });
const trajectory = { integrator: "leapfrogPQP", steps: 4, length: 0.2 } as const;
let U: LinkField;
let F: AlgebraField;

beforeAll(() => {
  U = closedFormLinks(geometry, 3, 0.7) as LinkField;
  F = new DirectionalField(geometry, 3, "algebra") as AlgebraField;
  S.force(U, F);
});

test("one Wilson force in four dimensions", () => {
  const { names, ...counts } = counter.of(() => S.force(U, F));
  console.log(`force: ${counts.ops} ops, ${counts.uploads} uploads, ${counts.downloads} downloads`);
  expect(counts).toEqual({ ops: 22, uploads: 0, downloads: 0 });
  expect(names.filter((n) => n === "BatchMatMulV2")).toHaveLength(4);
});

test("with its value it is eight ops and one download more", () => {
  S.valueAndForce(U, F);
  expect(counter.of(() => S.valueAndForce(U, F))).toMatchObject({ ops: 30, uploads: 0, downloads: 1 });
});

test("the force through two stout steps", () => {
  const T = S.after(stout({ rho: 0.1 })).after(stout({ rho: 0.06 }));
  T.force(U, F);
  const { names: _names, ...counts } = counter.of(() => T.force(U, F));
  console.log(`force through two stout steps: ${counts.ops} ops, ${counts.uploads} uploads, ${counts.downloads} downloads`);
  expect(counts).toEqual({ ops: 264, uploads: 0, downloads: 0 });
});

/** Largest difference from the same field on the default backend, in units of the largest component. */
function difference(x: LinkField | AlgebraField, y: LinkField | AlgebraField): number {
  let [worst, size] = [0, 0];
  x.fields.forEach((f, mu) => {
    const other = y.toArray(mu);
    f.toArray().forEach((v, k) => ([worst, size] = [Math.max(worst, Math.abs(v - other[k]!)), Math.max(size, Math.abs(other[k]!))]));
  });
  return worst / size;
}

test("molecular dynamics stays on the device, and is that of the default backend to rounding", () => {
  const V = U.clone();
  const P = new DirectionalField(geometry, 3, "algebra") as AlgebraField;
  drawMomenta(P, randomStream(1, 0), 0);
  const run = (): void => integrate(S, V, P, trajectory);
  run();
  const there = lattice(geometry.extents, { threads: 1 });
  const [W, Q] = [closedFormLinks(there, 3, 0.7) as LinkField, new DirectionalField(there, 3, "algebra") as AlgebraField];
  drawMomenta(Q, randomStream(1, 0), 0);
  integrate(S, W, Q, trajectory);
  expect(difference(V, W)).toBeLessThan(64 * 2 ** -24);
  expect(difference(P, Q)).toBeLessThan(64 * 2 ** -24);
  const { names: _names, ...counts } = counter.of(run);
  console.log(`trajectory of ${trajectory.steps} steps: ${counts.ops} ops, ${counts.uploads} uploads, ${counts.downloads} downloads`);
  expect(counts).toEqual({ ops: 220, uploads: 0, downloads: 0 });
});

test("a trajectory of hybrid Monte Carlo: momenta up, all energies down at once", () => {
  const V = U.clone();
  const sampler = hmc({ action: S, ...trajectory, seed: 1 });
  sampler.step(V);
  const { names: _names, ...counts } = counter.of(() => sampler.step(V));
  console.log(`hmc: ${counts.ops} ops, ${counts.uploads} uploads, ${counts.downloads} downloads`);
  expect(counts).toEqual({ ops: 256, uploads: 8, downloads: 1 });
});
