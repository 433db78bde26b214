/** The native backend: bits, cache, and one clear error for everything that can be missing. */
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, lstatSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { type Channels, DirectionalField, Field, Lattice, type LinkField, type Links, Tensor, type TracedTensor, add, adj, channelsType, dot, exp, grad, mul, record, reTrace, scaleBy, siteConv, sum, ta, valueAndGrad } from "../../src/autograd/index.ts";
import { Heap } from "../../src/backend/heap.ts";
import { cacheFolder, findToolchain, loadNative } from "../../src/backend/native.node.ts";
import { KernelEngine } from "../../src/compiler/engine.ts";
import { nativeEmitter } from "../../src/compiler/emit/native.ts";
import { BackendError } from "../../src/errors.ts";
import { drawMomenta } from "../../src/samplers/movable.ts";
import { randomStream } from "../../src/util/index.ts";
import { closedFormLinks, lattice, plaquette, staples } from "../../src/gauge/index.ts";
import { nativeMissing, temporaryFolder } from "../compiler/backends.ts";

const missing = nativeMissing();
if (missing) console.log(`native kernels skipped: ${missing}`);

function smearedPlaquettes(U: Links) {
  const V = U.map((mu) => mul(exp(ta(scaleBy(0.1, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!));
  const terms = [];
  for (let mu = 0; mu < U.dim; mu++) for (let nu = mu + 1; nu < U.dim; nu++) terms.push(reTrace(plaquette(V, mu, nu)));
  return sum(add(terms[0]!, ...terms.slice(1)));
}

const bits = (options: Parameters<typeof lattice>[1]): string => bitsOn(lattice([8, 8, 4, 8], options));

function bitsOn(geo: Lattice): string {
  const U = closedFormLinks(geo, 3, 0.7) as LinkField;
  const r = record((V: Links) => valueAndGrad(smearedPlaquettes)(V) as never, U).run(U) as unknown as { value: number; grad: LinkField };
  return [r.value, ...r.grad.fields.map((f) => Buffer.from(f.toArray().buffer).toString("hex"))].join();
}

describe.skipIf(missing !== undefined)("native kernels", () => {
  test("the same bits for 1, 2 and 3 threads", () => {
    const one = bits({ backend: "native", threads: 1 });
    expect(bits({ backend: "native", threads: 2 }) === one).toBe(true);
    expect(bits({ backend: "native", threads: 3 }) === one).toBe(true);
  });

  test("strict arithmetic: the same bits as WebAssembly", () => {
    expect(bits({ backend: "native", strict: true }) === bits({ backend: "wasm", strict: true })).toBe(true);
  });

  test("beyond 4 GiB, kernels, random numbers and weights on channels have the bits of those at its beginning, as in WebAssembly", () => {
    const native = (first: number): Lattice =>
      new Lattice([8, 8, 4, 8], (l) => {
        const emitter = nativeEmitter({ limit: 2 ** 33 + 2 ** 29, lanes: 2, strict: true });
        const source = emitter.memory();
        return new KernelEngine(l, { ...emitter, memory: () => ({ ...source, first }) });
      });
    const [low, high, wasm] = [native(64), native(2 ** 33 - 2 ** 20), lattice([8, 8, 4, 8], { backend: "wasm", strict: true })];
    const [x, p, w] = [low, high, wasm].map((geo) => {
      const drawn = new DirectionalField(geo, 3, "algebra");
      drawMomenta(drawn, randomStream(5, 1), 3);
      const channels = new Field(geo, channelsType(5)).set(Float64Array.from({ length: 5 * geo.volume }, (_, k) => Math.sin(k)));
      const weights = new Tensor([6, 5, 3, 1, 1, 2], Float64Array.from({ length: 180 }, (_, k) => Math.cos(k)));
      const loss = ({ c, v }: { c: Channels; v: TracedTensor }) => sum(dot(siteConv(c, v), siteConv(c, v)));
      const at = { c: channels, v: weights };
      const g = grad(loss)(at as never) as unknown as { c: Field; v: Tensor };
      const hex = (a: Float64Array): string => Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString("hex");
      return [bitsOn(geo), ...drawn.fields.map((f) => hex(f.toArray())), hex(g.c.toArray()), hex(g.v.data)];
    }) as [string[], string[], string[]];
    expect((high.engine as KernelEngine).heap.used).toBeGreaterThan(2 ** 33);
    expect((high.engine as KernelEngine).heap.used).toBeLessThan(2 ** 33 + 2 ** 28);
    x.forEach((hex, k) => expect([k, p[k] === hex, w[k] === hex]).toEqual([k, true, true]));
  });

  test("memory that the system does not have is refused with its bytes", () => {
    const source = nativeEmitter({ limit: 2 ** 26 }).memory();
    const heap = new Heap(source);
    expect(() => heap.allocate(2 ** 26)).toThrow(/memory: this needs 67109\d{3} bytes in all, the backend holds at most 67108864: use a smaller lattice/);
    const seven = heap.allocate(2 ** 20) / 8;
    heap.f64[seven] = 7;
    const before = heap.f64;
    heap.allocate(2 ** 22);
    expect(heap.f64).not.toBe(before);
    expect(heap.f64[seven]).toBe(7);
  });

  test("compiled once, kept by contents, made again when damaged", () => {
    const cache = temporaryFolder();
    const source = "int answer(void) { return 42; }";
    const answer = (): number => loadNative([source], [], { cache }).func("int answer()")();
    expect(answer()).toBe(42);
    const [file] = readdirSync(cache).filter((f) => f.endsWith(".so"));
    const made = statSync(join(cache, file!)).mtimeMs;
    expect(answer()).toBe(42);
    expect(statSync(join(cache, file!)).mtimeMs).toBe(made);
    expect(readdirSync(cache).length).toBe(2);
    const damaged = temporaryFolder();
    writeFileSync(join(damaged, file!), "not a shared object");
    expect(loadNative([source], [], { cache: damaged }).func("int answer()")()).toBe(42);
    expect(readFileSync(join(damaged, file!)).length).toBeGreaterThan(1000);
  });

  test("only what its user alone can have written is loaded; processes that start together all get their library", async () => {
    const source = "int answer(void) { return 42; }";
    const cache = join(temporaryFolder(), "cache");
    const program = `import { loadNative } from ${JSON.stringify(resolve("dist/backend/native.node.js"))};\nprocess.stdout.write(String(loadNative([${JSON.stringify(source)}], [], { cache: ${JSON.stringify(cache)} }).func("int answer()")()));`;
    const run = (): Promise<{ code: number | null; stdout: string; stderr: string }> =>
      new Promise((done) => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
        const out = { stdout: "", stderr: "" };
        child.stdout.on("data", (t) => (out.stdout += String(t)));
        child.stderr.on("data", (t) => (out.stderr += String(t)));
        child.on("close", (code) => done({ code, ...out }));
      });
    const good = { code: 0, stdout: "42", stderr: "" };
    expect(await Promise.all([run(), run(), run(), run()])).toEqual([good, good, good, good]);
    expect(statSync(cache).mode & 0o777).toBe(0o700);
    const [library, ...more] = readdirSync(cache).filter((f) => !f.endsWith(".c"));
    expect(more).toEqual([]);
    const file = join(cache, library!);
    const planted = join(temporaryFolder(), "planted.so");
    copyFileSync(file, planted);
    // a library that others may write to, and a link, are made again
    for (const spoil of [() => chmodSync(file, 0o722), () => (rmSync(file), symlinkSync(planted, file)), () => writeFileSync(file, "")]) {
      spoil();
      expect(await run()).toEqual(good);
      expect(lstatSync(file).isFile()).toBe(true);
      expect(lstatSync(file).mode & 0o022).toBe(0);
    }
    // a folder that others may write to is not used
    chmodSync(cache, 0o777);
    const before = readdirSync(cache).length;
    rmSync(file);
    const other = await run();
    expect(other).toMatchObject({ code: 0, stdout: "42", stderr: expect.stringMatching(/^gaugegrad: backend native: the cache folder .* is not used \(others may write to it\)[^\n]*\n$/) });
    expect(readdirSync(cache).length).toBe(before - 1);
  });

  test("several files are compiled side by side and linked; an error in any of them is told", () => {
    const cache = temporaryFolder();
    const half = "int half(void) { return 21; }";
    expect(loadNative(["int half(void); int answer(void) { return 2 * half(); }", half], [], { cache }).func("int answer()")()).toBe(42);
    expect(readdirSync(cache).filter((f) => !f.endsWith(".c") && !f.endsWith(".so"))).toEqual([]);
    expect(() => loadNative([half, "int answer(void) { return nonsense; }"], [], { cache })).toThrow(/backend native: .*nonsense.*use backend wasm/);
  });

  test("a source that does not compile is an error with the compiler's first message", () => {
    expect(() => loadNative(["int answer(void) { return nonsense; }"], [], { cache: temporaryFolder() })).toThrow(/backend native: .*nonsense.*use backend wasm/);
  });

  test("a cache folder that cannot be written", () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    expect(() => loadNative(["int answer(void) { return 1; }"], [], { cache: join(file, "folder") })).toThrow(/GAUGEGRAD_CACHE/);
    expect(existsSync(join(file, "folder"))).toBe(false);
  });
});

test("no compiler is one clear error", () => {
  expect(() => findToolchain({ cc: "no-such-compiler" })).toThrow(BackendError);
  expect(() => findToolchain({ cc: "no-such-compiler" })).toThrow(/got no C compiler "no-such-compiler".*use backend wasm/);
});

test("the cache folder follows the options, then the environment", () => {
  expect(cacheFolder({ cache: "/a" })).toBe("/a");
  expect(cacheFolder()).toMatch(/gaugegrad|GAUGEGRAD/i);
});
