/** The native backend: bits, cache, and one clear error for everything that can be missing. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LinkField, type Links, add, adj, exp, mul, record, reTrace, scaleBy, sum, ta, valueAndGrad } from "../../src/autograd/index.ts";
import { cacheFolder, findToolchain, loadNative } from "../../src/backend/native.ts";
import { BackendError } from "../../src/errors.ts";
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

function bits(options: Parameters<typeof lattice>[1]): string {
  const U = closedFormLinks(lattice([8, 8, 4, 8], options), 3, 0.7) as LinkField;
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
