/**
 * The CUDA engine on the processor: its kernels, transfers and sums behind the driver and NVRTC of fake-cuda.c, against WebAssembly. Memory of the device is apart
 * and full of NaN when it is given out, so that a transfer that is left out is seen.
 */
import { describe, expect, test } from "vitest";
import { DirectionalField, type AlgebraField, type Lattice, type LinkField, perSample } from "../../src/autograd/index.ts";
import { openCuda } from "../../src/backend/index.ts";
import { pseudofermions, staggered } from "../../src/fermions/index.ts";
import { type GaugeAction, SU, closedFormLinks, gaugeAction, lattice } from "../../src/gauge/index.ts";
import { cask } from "../../src/models/index.ts";
import { hmc, integrate } from "../../src/samplers/index.ts";
import { examineCuda } from "../../src/runs/index.ts";
import { drawMomenta } from "../../src/samplers/movable.ts";
import { randomStream } from "../../src/util/index.ts";
import { fakeCuda } from "./fake.ts";

const present = fakeCuda() !== undefined;

/** Launches, uploads and downloads of some work. */
function counted(work: () => unknown): { launches: number; uploads: number; downloads: number; bytes: number } {
  const { counts } = openCuda();
  const before = { ...counts };
  work();
  return { launches: counts.launches - before.launches, uploads: counts.uploads - before.uploads, downloads: counts.downloads - before.downloads, bytes: counts.bytes - before.bytes };
}

/** The same links on both backends. */
function pair(extents: readonly number[], N: number, kappa: number, strict = false): { here: LinkField; there: LinkField } {
  const here = closedFormLinks(lattice(extents, { backend: "wasm", threads: 1, strict }), N, kappa) as LinkField;
  const there = new DirectionalField(lattice(extents, { backend: "cuda", strict }), N, "links").set(here.fields.map((f) => f.toArray()));
  return { here, there: there as LinkField };
}

/** Largest difference of two fields, in units of the largest component. */
function difference(x: LinkField | AlgebraField, y: LinkField | AlgebraField): number {
  let [worst, size] = [0, 0];
  x.fields.forEach((f, mu) => {
    const other = y.toArray(mu);
    f.toArray().forEach((v, k) => {
      const d = Math.abs(v - other[k]!);
      if (!(d <= worst)) worst = d;
      size = Math.max(size, Math.abs(v));
    });
  });
  return worst / size;
}

const numbers = (x: unknown): number[] => (typeof x === "number" ? [x] : Object.keys(x as object).sort().flatMap((k) => numbers((x as Record<string, unknown>)[k])));

/** Value and force by one program. */
function both<I>(S: GaugeAction<number, I>, U: LinkField): { value: number; F: AlgebraField } {
  const F = new DirectionalField(U.lattice, U.N, "algebra") as AlgebraField;
  return { value: S.valueAndForce(U, F), F };
}

/** Values relative to the first one, forces in units of the largest component. */
function agree<I>(S: GaugeAction<number, I>, T: GaugeAction<number, I>, { here, there }: { here: LinkField; there: LinkField }, tolerance = 1e-13): void {
  const [a, b] = [both(S, here), both(T, there)];
  expect(Math.abs(b.value / a.value - 1)).toBeLessThan(tolerance);
  expect(difference(a.F, b.F)).toBeLessThan(8 * tolerance);
}

describe.skipIf(!present)("the CUDA engine on the processor", () => {
  test("actions: value and force, in strict arithmetic with the bits of WebAssembly", () => {
    agree(gaugeAction.iwasaki({ beta: 2.6 }), gaugeAction.iwasaki({ beta: 2.6 }), pair([4, 3, 5], 2, 0.6));
    const S = gaugeAction.wilson({ beta: 5.7 });
    const { here, there } = pair([4, 4, 4], 3, 0.7, true);
    const [a, b] = [both(S, here), both(S, there)];
    expect(b.value).toBe(a.value);
    expect(difference(a.F, b.F)).toBe(0);
  });

  test("SU(2) as quaternions: value and force, and half of the bytes", () => {
    const S = gaugeAction.wilson({ beta: 2.3 });
    const [here, there] = (["wasm", "cuda"] as const).map((backend) => closedFormLinks(lattice([4, 3, 5], { backend, quaternions: true, ...(backend === "wasm" ? { threads: 1 } : {}) }), 2, 0.6) as LinkField) as [LinkField, LinkField];
    agree(S, S, { here, there });
    expect(there.fields[0]!.storage.bytes).toBe(8 * 4 * 60);
  });

  test("a CASK network: value, force and weights", () => {
    const links = pair([4, 3], 2, 0.6);
    const S = gaugeAction.wilson({ beta: 2.1 }).after(cask({ rho: 0.08, rhoQ: 0.05, rhoK: 0.04, rhoV: 0.07, length: 1 })) as GaugeAction;
    agree(S, S, links);
    const [a, b] = [links.here, links.there].map((U) => numbers(S.parameterGradient(U).gradient)) as [number[], number[]];
    expect(a.length).toBe(5);
    a.forEach((x, k) => expect(Math.abs(x - b[k]!)).toBeLessThan(1e-12 * Math.max(...a.map(Math.abs))));
  });

  test("staggered pseudofermions on even sites, through the conjugate gradient", () => {
    const links = pair([4, 4], 2, 0.5);
    const [S, T] = [links.here, links.there].map((U) => {
      const f = pseudofermions(staggered({ mass: 0.5 }), { lattice: U.lattice, group: SU(2), flavours: 4 });
      f.phi.set(Float64Array.from({ length: f.phi.length }, (_, k) => Math.sin(1.3 * k) + Math.cos(0.7 * k * k)));
      return f.action as GaugeAction;
    }) as [GaugeAction, GaugeAction];
    agree(S, T, links, 1e-11);
    // an iteration reads its two inner products
    const F = T.force(links.there);
    const counts = counted(() => T.force(links.there, F));
    expect(counts).toMatchObject({ launches: 78, uploads: 15, downloads: 18 });
    expect(counts.bytes / (counts.uploads + counts.downloads)).toBe(8);
  });

  test("doctor: present, with the differences from WebAssembly", () => {
    const { present, detail } = examineCuda();
    expect(detail).toMatch(/^processor in place of a device \(sm_90, driver for CUDA 13.0, NVRTC 13.0\), .* free; differences from wasm: \S+e-1[5-7] in an SU\(3\) force, \S+e-\d+ through a solve; never run on a device by its authors$/);
    expect(present).toBe(true);
  });

  test("a batch of samples, each with its own numbers", () => {
    const S = gaugeAction.wilson({ beta: 2.1 });
    const values = (["wasm", "cuda"] as const).map((backend) => {
      const U = closedFormLinks(lattice([4, 6], { backend, batch: 3, ...(backend === "wasm" ? { threads: 1 } : {}) }), 2, 0.4) as LinkField;
      U.fields[0]!.set(U.fields[0]!.toArray().map((x, k) => (k < 192 ? x : 0.9 * x)));
      const { value, F } = both(S, U);
      return [...perSample(value), ...F.toArray(1)];
    }) as [number[], number[]];
    expect(values[0][0]).not.toBe(values[0][2]);
    values[0].forEach((x, k) => expect(Math.abs(x - values[1][k]!)).toBeLessThan(1e-13 * Math.max(1, Math.abs(x))));
  });
});

describe.skipIf(!present)("launches and transfers", () => {
  const S = gaugeAction.wilson({ beta: 2.2 });
  const trajectory = { integrator: "leapfrogPQP", steps: 4, length: 0.2 } as const;
  const on = (backend: "wasm" | "cuda"): Lattice => lattice([4, 2, 4], { backend, ...(backend === "wasm" ? { threads: 1 } : {}) });

  test("a force moves nothing, its value is one number down; molecular dynamics stays on the device", () => {
    const run = (backend: "wasm" | "cuda"): { V: LinkField; P: AlgebraField; again: () => void } => {
      const geometry = on(backend);
      const [V, P] = [closedFormLinks(geometry, 2, 0.7) as LinkField, new DirectionalField(geometry, 2, "algebra") as AlgebraField];
      drawMomenta(P, randomStream(1, 0), 0);
      const again = (): void => integrate(S, V, P, trajectory);
      again();
      return { V, P, again };
    };
    const [x, y] = [run("wasm"), run("cuda")];
    expect(difference(x.V, y.V)).toBeLessThan(1e-13);
    expect(difference(x.P, y.P)).toBeLessThan(1e-13);
    y.again();
    const counts = counted(y.again);
    expect(counts).toEqual({ launches: 14, uploads: 2, downloads: 0, bytes: 16 });
    const F = new DirectionalField(y.V.lattice, 2, "algebra") as AlgebraField;
    S.force(y.V, F);
    S.valueAndForce(y.V, F);
    expect(counted(() => S.force(y.V, F))).toEqual({ launches: 1, uploads: 0, downloads: 0, bytes: 0 });
    expect(counted(() => S.valueAndForce(y.V, F))).toEqual({ launches: 4, uploads: 0, downloads: 1, bytes: 8 });
  });

  test("hybrid Monte Carlo: the same chain, momenta up, energies down", () => {
    const chain = (backend: "wasm" | "cuda"): { U: LinkField; dH: number[]; step: () => void } => {
      const U = closedFormLinks(on(backend), 2, 0.7) as LinkField;
      const sampler = hmc({ action: S, ...trajectory, seed: 1 });
      return { U, dH: [sampler.step(U).dH, sampler.step(U).dH], step: () => void sampler.step(U) };
    };
    const [x, y] = [chain("wasm"), chain("cuda")];
    x.dH.forEach((d, k) => expect(Math.abs(d - y.dH[k]!)).toBeLessThan(1e-10));
    expect(difference(x.U, y.U)).toBeLessThan(1e-12);
    // momenta of 3 x 32 sites of 8 numbers, down before they are drawn in their places and up again, and numbers
    const { bytes, ...counts } = counted(y.step);
    expect(counts).toEqual({ launches: 33, uploads: 5, downloads: 7 });
    expect(bytes - 16 * 768).toBeLessThan(8 * 10);
  });
});
