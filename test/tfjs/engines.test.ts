/** Loading, self-tests, memory and limits of the engines. */
import { describe, expect, test } from "vitest";
import { type Field, type LinkField, type Links, Field as FieldClass, allOps, mul, record, siteMatrixType, valueAndGrad } from "../../src/autograd/index.ts";
import { sampleInputs } from "../../src/autograd/ops/sample-inputs.ts";
import type { TfModule } from "../../src/backend/tfjs/tf.ts";
import { engineNames, installLine } from "../../src/backend/tfjs/engines.ts";
import { restoreUtil } from "../../src/backend/tfjs/polyfill.ts";
import { formulations } from "../../src/backend/tfjs/products.ts";
import { productError, uploadsAlias } from "../../src/backend/tfjs/self-test.ts";
import { TfArrays } from "../../src/backend/tfjs/tf-arrays.ts";
import type { TfjsEngine } from "../../src/compiler/tfjs/engine.ts";
import { loadTfjs, probeEngines } from "../../src/compiler/tfjs/index.ts";
import { makeLattice } from "../../src/compiler/index.ts";
import { BackendError } from "../../src/errors.ts";
import { closedFormLinks, gaugeAction, lattice, plaquetteSum } from "../../src/gauge/index.ts";
import { stout } from "../../src/models/index.ts";
import { fakeNodeModule, toTf32 } from "./fake-node.ts";
import { hasWeights, noise, presentEngines, randomField } from "./helpers.ts";

const backends = await presentEngines();
const core = (await import("@tensorflow/tfjs-core")) as unknown as TfModule;

describe("loading", () => {
  const failing = (message: string, code?: string) => (): Promise<unknown> => Promise.reject(Object.assign(new Error(message), code ? { code } : {}));

  test.each(engineNames)("%s without its package: one line with the command that installs it", async (engine) => {
    const name = installLine(engine).split(" ").pop()!.replace(/@4.22$/, "");
    const missing = loadTfjs({ engine, importer: (n) => (n === name ? failing(`Cannot find package '${n}' imported from x`, "ERR_MODULE_NOT_FOUND")() : Promise.resolve(core)) });
    await expect(missing).rejects.toThrow(BackendError);
    await expect(missing).rejects.toThrow(installLine(engine));
    await expect(missing).rejects.toThrow("is not installed");
    await missing.catch((e: Error) => expect(e.message).not.toContain("\n"));
  });

  test("a package without its native addon", async () => {
    const importer = failing("The Node.js native addon module (tfjs_binding.node) can not be found at path: /x/@tensorflow/tfjs-node/lib. \nPlease run command", undefined);
    await expect(loadTfjs({ engine: "tfjs-node", importer })).rejects.toThrow("npm rebuild @tensorflow/tfjs-node --build-addon-from-source");
  });

  test("a package without libtensorflow", async () => {
    const importer = failing("libtensorflow.so.2: cannot open shared object file: No such file or directory", "ERR_DLOPEN_FAILED");
    await expect(loadTfjs({ engine: "tfjs-node-gpu", importer })).rejects.toThrow(/no usable libtensorflow .*npm rebuild/);
  });

  test("a second node engine in one process is refused: both register under one name", async () => {
    const module = fakeNodeModule();
    await loadTfjs({ engine: "tfjs-node", module });
    const second = loadTfjs({ engine: "tfjs-node-gpu", module });
    await expect(second).rejects.toThrow(BackendError);
    await expect(second).rejects.toThrow("tfjs-node is loaded in this process already");
    expect((await loadTfjs({ engine: "tfjs-node", precision: "f64", module })).loaded.precision).toBe("f64");
    expect((await loadTfjs({ engine: "tfjs-node-gpu", module: fakeNodeModule() })).loaded.engine).toBe("tfjs-node-gpu");
  });

  test("unknown engines and precisions", async () => {
    await expect(loadTfjs({ engine: "cuda" as never })).rejects.toThrow("expected tfjs-node-gpu, tfjs-node, wasm, cpu, webgpu");
    await expect(loadTfjs({ engine: "wasm", precision: "f64" })).rejects.toThrow("only tfjs-node and tfjs-node-gpu compute in float64");
    await expect(loadTfjs({ engine: "tfjs-node", module: { env: core.env.bind(core), setBackend: () => Promise.resolve(true), backend: () => ({}) } as never })).rejects.toThrow("no executeOp");
  });

  test("the name alone is refused with the way to load it", () => {
    expect(() => lattice([4, 4], { backend: "tfjs" as never })).toThrow("await loadTfjs");
  });

  test("a report on every engine, present or why not", async () => {
    const reports = await probeEngines((name) => (name.includes("backend-wasm") ? failing("Cannot find package", "ERR_MODULE_NOT_FOUND")() : import(/* @vite-ignore */ name)));
    expect(reports.map((r) => r.engine)).toEqual(engineNames);
    expect(reports.find((r) => r.engine === "cpu")!.present).toBe(true);
    expect(reports.find((r) => r.engine === "cpu")!.text).toContain("device cpu");
    expect(reports.find((r) => r.engine === "wasm")!.present).toBe(false);
  });

  test("functions that Node 23 removed from util are restored, others are left alone", () => {
    const isArray = (): boolean => false;
    const util: Record<string, unknown> = { isArray };
    expect(restoreUtil(util)).toEqual(["isNullOrUndefined"]);
    const f = util["isNullOrUndefined"] as (x: unknown) => boolean;
    expect([undefined, null, 0, ""].map(f)).toEqual([true, true, false, false]);
    expect(util["isArray"]).toBe(isArray);
    expect(restoreUtil(util)).toEqual([]);
  });
});

describe("self-tests", () => {
  test("a GPU is reported only when the addon uses one", async () => {
    expect((await loadTfjs({ engine: "tfjs-node-gpu", module: fakeNodeModule({ gpu: true }) })).device).toBe("cuda");
    expect((await loadTfjs({ engine: "tfjs-node-gpu", module: fakeNodeModule() })).device).toBe("cpu");
  });

  test("products that round their inputs to TF32 are refused", async () => {
    expect(toTf32(1 + 2 ** -12)).toBe(1);
    await expect(loadTfjs({ engine: "tfjs-node-gpu", module: fakeNodeModule({ tf32: true }) })).rejects.toThrow("NVIDIA_TF32_OVERRIDE=0");
  });

  test("a formulation that is wrong is passed over, and an engine without a right one refused", async () => {
    const wrong = { ...core, matMul: (x: never, y: never) => core.neg(core.matMul(x, y)) } as TfModule;
    const b = await loadTfjs({ engine: "cpu", module: wrong });
    expect(b.loaded.formulation.name).toBe("planes");
    const worse = { ...wrong, sub: core.add } as TfModule;
    await expect(loadTfjs({ engine: "cpu", module: worse })).rejects.toThrow("no formulation of complex products is right");
    const broken = { ...core, gather: (x: never) => core.neg(x) } as TfModule;
    await expect(loadTfjs({ engine: "cpu", module: broken })).rejects.toThrow("gather gave");
  });

  test("an engine that goes on reading the host's array is found", async () => {
    await core.setBackend("cpu");
    const b = new TfArrays({ tf: core, backend: "cpu", maxBatch: Infinity });
    expect(uploadsAlias(b)).toBe(false);
    const aliasing = Object.create(b, { upload: { value: (data: Float64Array) => ({ shape: [data.length], data }) }, download: { value: (x: { data: Float64Array }) => x.data.slice() }, binary: { value: (_: string, x: { data: Float64Array }) => ({ data: x.data.map((v) => 2 * v) }) }, mark: { value: () => 0 }, sweep: { value: () => undefined } }) as TfArrays;
    expect(uploadsAlias(aliasing)).toBe(true);
  });

  test.each(backends.map((b) => [b.loaded.engine, b] as const))("values of %s fields are copies in both directions", (_name, backend) => {
    const L = makeLattice([4, 2], { engine: backend });
    const data = noise(8 * 8, 3);
    const field = new FieldClass(L, siteMatrixType(L, 2)).set(data);
    const before = field.toArray();
    data.fill(0);
    field.toArray().fill(7);
    expect(field.toArray()).toEqual(before);
    const twin = field.clone();
    field.set(new Float64Array(data.length));
    expect(twin.toArray()).toEqual(before);
  });
});

describe("memory and limits", () => {
  test.each(backends.map((b) => [b.loaded.engine, b] as const))("%s: 1000 replays leave nothing behind", (_name, backend) => {
    const U = closedFormLinks(lattice([2, 2], { engine: backend }), 2, 0.7) as LinkField;
    const plan = record((V: Links) => valueAndGrad(plaquetteSum as never)(V) as never, U) as never as { run(U: LinkField): unknown };
    for (let k = 0; k < 3; k++) plan.run(U);
    const before = backend.memory();
    for (let k = 0; k < 1000; k++) plan.run(U);
    expect(backend.memory()).toEqual(before);
  });

  test("a network, a solver and an error leave nothing behind either", () => {
    const backend = backends[0]!;
    const U = closedFormLinks(lattice([4, 2], { engine: backend }), 3, 0.7) as LinkField;
    const S = gaugeAction.wilson({ beta: 5 }).after(stout({ rho: 0.1 }));
    const F = S.force(U);
    const solve = sampleInputs["solve"]!(U.lattice, 3)[1]!;
    const xs = solve.inputs.map((t, k) => randomField(U.lattice, t, k));
    const plan = record((a: never) => solve.apply(a), xs as never);
    const bad = xs.map((x) => new FieldClass(U.lattice, x.type).set(new Float64Array(x.length).fill(Number.NaN)));
    plan.run(xs as never);
    expect(() => plan.run(bad as never)).toThrow("holds NaN");
    plan.run(xs as never);
    const before = backend.memory();
    for (let k = 0; k < 5; k++) {
      S.force(U, F);
      expect(() => plan.run(bad as never)).toThrow("holds NaN");
      plan.run(xs as never);
    }
    expect(backend.memory()).toEqual(before);
  });

  test("disposed fields give their arrays back", () => {
    const backend = backends[0]!;
    const L = makeLattice([4, 4], { engine: backend });
    const before = backend.memory().arrays;
    const U = closedFormLinks(L, 2, 0.4) as LinkField;
    const V = U.clone();
    const used = backend.memory().arrays;
    U[Symbol.dispose]();
    expect(V.toArray(0).some((x) => x !== 0)).toBe(true);
    expect(backend.memory().arrays).toBe(used);
    V[Symbol.dispose]();
    expect(backend.memory().arrays).toBeLessThan(used);
    expect(before).toBeLessThan(used);
  });

  test.each(backends.map((b) => [b.loaded.engine, b] as const))("%s: more than 65535 sites in one product", (_name, backend) => {
    const extents = [66000, 1];
    const [here, there] = [makeLattice(extents, { backend: "js" }), makeLattice(extents, { engine: backend })].map((L) => {
      const x = randomField(L, siteMatrixType(L, 2), 5);
      return (record((a: never) => mul(a, a), x as never) as { run(x: Field): Field }).run(x).toArray();
    }) as [Float64Array, Float64Array];
    const size = here.reduce((s, x) => Math.max(s, Math.abs(x)), 0);
    expect(here.reduce((s, x, k) => Math.max(s, Math.abs(x - there[k]!)), 0) / size).toBeLessThan(8 * 2 ** -24);
  });

  test("batches above an engine's limit are split", async () => {
    await core.setBackend("cpu");
    const batches: number[] = [];
    const counting = { ...core, matMul: (x: { shape: readonly number[] }, y: never) => (batches.push(x.shape[0]!), core.matMul(x as never, y)) } as unknown as TfModule;
    const b = new TfArrays({ tf: counting, backend: "cpu", maxBatch: 20 });
    expect(productError(b, formulations.embedding, [3, 3, 3], 50)).toBeLessThan(8 * 2 ** -24);
    expect(batches).toEqual([20, 20, 10]);
  });

  test("asynchronous runs and reads give the same values", async () => {
    const backend = backends[0]!;
    const U = closedFormLinks(lattice([4, 2], { engine: backend }), 3, 0.7) as LinkField;
    const plan = record((V: Links) => valueAndGrad(plaquetteSum as never)(V) as never, U) as never as { run(U: LinkField): { value: number; grad: LinkField }; runAsync(U: LinkField): Promise<{ value: number; grad: LinkField }> };
    const { value, grad } = plan.run(U);
    const force = grad.fields.map((x) => x.toArray());
    const r = await plan.runAsync(U);
    expect(r.value).toBe(value);
    for (const [mu, x] of r.grad.fields.entries()) expect(await x.toArrayAsync()).toEqual(force[mu]);
    const running = plan.runAsync(U);
    expect(() => plan.run(U)).toThrow("running already");
    await running;
    expect(plan.run(U).value).toBe(value);
  });

  test("a memory budget is kept or refused", () => {
    const S = gaugeAction.wilson({ beta: 5 });
    const at = (maxFields: number): number => S.value(closedFormLinks(lattice([4, 4], { engine: backends[0]!, maxFields }), 2, 0.5) as LinkField);
    expect(at(20)).toBeGreaterThan(0);
    expect(() => at(0.1)).toThrow("maxFields = 0.1");
  });

  test("values of chosen sites", () => {
    const L = makeLattice([4, 2], { engine: backends[0]! });
    const x = randomField(L, siteMatrixType(L, 2), 4);
    const all = x.toArray();
    const engine = L.engine as TfjsEngine;
    const some = new Float64Array(2 * 8);
    engine.readSites(x.storage, x.type, Int32Array.of(5, 2), some, 0, 8);
    expect(some).toEqual(Float64Array.from([...all.slice(40, 48), ...all.slice(16, 24)]));
    engine.writeSites(x.storage, x.type, Int32Array.of(2, 5), some, 0, 8);
    const swapped = x.toArray();
    expect(swapped.slice(16, 24)).toEqual(all.slice(40, 48));
    expect(swapped.slice(0, 16)).toEqual(all.slice(0, 16));
  });

  test("the first value that is not a number is named", () => {
    const L = makeLattice([4, 2], { engine: backends[0]!, debugNaN: true });
    const x = new FieldClass(L, siteMatrixType(L, 2)).set(new Float64Array(64).fill(1e30));
    expect(() => record((a: never) => mul(mul(a, a), a), x as never).run(x as never)).toThrow("op mul made");
  });
});

describe("float64 through the raw ops (stand-in for the addon)", () => {
  test("every op to float64 precision, and no tensor left", async () => {
    const module = fakeNodeModule();
    const backend = await loadTfjs({ engine: "tfjs-node", precision: "f64", module });
    expect(backend.loaded.formulation.name).toBe("complex");
    expect(backend.loaded.error).toBeLessThan(8 * 2 ** -53);
    const [L, reference] = [makeLattice([4, 2], { engine: backend }), makeLattice([4, 2], { backend: "js" })];
    for (const op of allOps)
      for (const sample of sampleInputs[op.name]!(L, 2).filter((s) => !hasWeights(L, s))) {
        const [got, want] = [L, reference].map((at) => {
          const xs = sample.inputs.map((t, k) => randomField(at, t, k + 1));
          const y = record((a: never) => sample.apply(a), xs as never).run(xs as never) as unknown as Field | number;
          return typeof y === "number" ? Float64Array.of(y) : y.toArray();
        }) as [Float64Array, Float64Array];
        const size = want.reduce((s, x) => Math.max(s, Math.abs(x)), 1);
        expect(want.reduce((s, x, k) => Math.max(s, Math.abs(x - got[k]!)), 0) / size, `${op.name}: ${sample.label}`).toBeLessThan(64 * 2 ** -53);
      }
    const U = closedFormLinks(makeLattice([2, 2], { engine: backend }), 2, 0.7) as LinkField;
    const plan = record((V: Links) => valueAndGrad(plaquetteSum as never)(V) as never, U) as never as { run(U: LinkField): unknown };
    plan.run(U);
    const before = module.binding.tensors.size;
    for (let k = 0; k < 10; k++) plan.run(U);
    expect(module.binding.tensors.size).toBe(before);
    expect(backend.memory().arrays).toBe(before);
  });

  test("doubles travel exactly, infinities and NaN too", async () => {
    const { arrays } = (await loadTfjs({ engine: "tfjs-node", precision: "f64", module: fakeNodeModule() })).loaded;
    const data = Float64Array.of(1 / 3, -Math.PI * 1e-9, 1e20 / 7, 0, -0.1, 123456789.1234);
    expect(arrays.download(arrays.upload(data, [data.length]))).toEqual(data);
    const special = Float64Array.of(Infinity, Number.NaN, 1 / 3);
    expect(arrays.download(arrays.upload(special, [3]))).toEqual(special);
  });

  test("float32 through the node package's own kernels", async () => {
    const backend = await loadTfjs({ engine: "tfjs-node-gpu", module: fakeNodeModule({ gpu: true }) });
    const [a, b] = [lattice([4, 2], { backend: "js" }), lattice([4, 2], { engine: backend })].map((L) => {
      const U = closedFormLinks(L, 3, 0.7) as LinkField;
      const S = gaugeAction.wilson({ beta: 5.5 }).after(stout({ rho: 0.1 }));
      return { value: S.value(U), force: S.force(U).toArray(1) };
    }) as [{ value: number; force: Float64Array }, { value: number; force: Float64Array }];
    expect(Math.abs(b.value / a.value - 1)).toBeLessThan(16 * 2 ** -24);
    const size = a.force.reduce((s, x) => Math.max(s, Math.abs(x)), 0);
    a.force.forEach((x, k) => expect(Math.abs(x - b.force[k]!) / size).toBeLessThan(64 * 2 ** -24));
  });
});
