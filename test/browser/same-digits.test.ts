/** A page and its workers compute what Node computes: to the last bit from the same links, to rounding where engines round sines and logarithms of random numbers differently; files are read in pieces, threads share memory where the page is isolated, and nothing is asked of any host. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { SU, hot, lattice, writeGauge } from "gaugegrad";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBrowser } from "./chromium.ts";
import { type Digits, force, measured, single, training } from "./program.ts";

const started = await startBrowser();
const browser = "browser" in started ? started.browser : undefined;
if ("reason" in started) console.warn(`browser tests skipped: ${started.reason}`);

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "gaugegrad-page-"));
const file = join(folder, "u.ildg");
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
/** One function of the program in a worker (or on the page) with its arguments. */
const CALLS = `
import * as program from ${JSON.stringify(join(root, "test/browser/program.ts"))};
import { canThread, processors } from "gaugegrad/engine";
import { WorkerPool } from "gaugegrad/pool";
// an empty module and, with it, kernel k0 of chunks c0 to c1, which stores c1 at 8 c0
const KERNEL = [0,97,115,109,1,0,0,0,1,8,1,96,4,127,127,127,127,0,2,18,1,3,101,110,118,6,109,101,109,111,114,121,2,3,1,128,128,4,3,2,1,0,7,6,1,2,107,48,0,0,10,14,1,12,0,32,2,65,8,108,32,3,54,2,0,11];
async function pool() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const module = new WebAssembly.Module(new Uint8Array(KERNEL));
  const { k0 } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const workers = new WorkerPool(2);
  const id = workers.add(module, memory);
  const words = () => [...new Int32Array(memory.buffer)].flatMap((x, k) => (x ? [k / 2 + "-" + x] : [])).join(" ");
  workers.run(id, 0, 0, 0, 0, 30, k0);
  const first = words();
  for (let k = 0; k < 500 && workers.ready < 2; k++) await new Promise((done) => setTimeout(done, 20));
  new Int32Array(memory.buffer).fill(0);
  workers.run(id, 0, 0, 0, 0, 30, k0);
  return { first, later: words(), ready: String(workers.ready) };
}
const call = async (name, args) => (name === "pool" ? pool() : name === "threads" ? { can: String(canThread()), isolated: String(globalThis.crossOriginIsolated), several: String(processors() > 1) } : program[name](...args));
if (globalThis.document === undefined) onmessage = async ({ data: [name, args] }) => postMessage(await call(name, args).catch((e) => ({ error: String(e.stack) })));
else globalThis.call = call;
`;

async function script(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: CALLS, resolveDir: root }, bundle: true, format: "iife", platform: "browser", target: "es2022", write: false, tsconfigRaw: "{}",
    alias: { "gaugegrad/pool": join(root, "dist/backend/workers.js"), "gaugegrad/engine": join(root, "dist/backend/host.browser.js") },
  });
  return outputFiles[0]!.text;
}

/** A page of one script, answered by the test itself. */
async function open(code: string, headers: Readonly<Record<string, string>>): Promise<{ readonly page: Page; readonly foreign: string[]; readonly problems: string[] }> {
  const page = await (await browser!.newContext()).newPage();
  const [foreign, problems]: [string[], string[]] = [[], []];
  page.on("console", (m) => (m.type() === "error" || m.type() === "warning") && problems.push(m.text()));
  page.on("pageerror", (e) => problems.push(e.message));
  await page.context().route("**/*", async (route) => {
    const { pathname, hostname } = new URL(route.request().url());
    if (hostname !== "localhost") foreign.push(route.request().url());
    const [contentType, body] = pathname === "/code.js" ? ["text/javascript", code] : ["text/html", '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>page</title><script src="/code.js"></script></html>'];
    await route.fulfill({ contentType, body, headers });
  });
  await page.goto("http://localhost/");
  return { page, foreign, problems };
}

const inWorker = (page: Page, name: string, ...args: unknown[]): Promise<Digits> =>
  page.evaluate(async ([what, given]) => {
    const g = globalThis as unknown as { Worker: new (url: string) => { onmessage: (e: { data: never }) => void; postMessage(m: unknown): void; terminate(): void }; picked?: unknown };
    const worker = new g.Worker("/code.js");
    const result = await new Promise<never>((done) => {
      worker.onmessage = ({ data }) => done(data);
      worker.postMessage([what, given.map((x) => (x === "picked" ? g.picked : x))]);
    });
    worker.terminate();
    return result;
  }, [name, args] as const);
const onPage = (page: Page, name: string, ...args: unknown[]): Promise<Digits> =>
  page.evaluate(([what, given]) => {
    const g = globalThis as unknown as { call(name: string, args: unknown[]): Promise<never>; picked?: unknown };
    return g.call(what, given.map((x) => (x === "picked" ? g.picked : x)));
  }, [name, args] as const);

/** Equal texts, and numbers that agree to so many digits of the largest among them. */
function expectDigits(got: Digits, expected: Digits, digits: number): void {
  expect(Object.keys(got)).toEqual(Object.keys(expected));
  for (const [what, x] of Object.entries(expected)) {
    const [a, b] = [[got[what]!].flat(), [x].flat()].map((list) => list.map(Number)) as [number[], number[]];
    const size = Math.max(...b.map(Math.abs));
    expect(Math.max(...b.map((y, k) => Math.abs(y - a[k]!))) / size, what).toBeLessThan(10 ** -digits);
  }
}

describe.skipIf(!browser)("Chromium", () => {
  let code = "";
  beforeAll(async () => {
    writeGauge(file, hot(lattice([8, 8, 8, 12]), SU(3), { seed: 3 }), "ildg");
    code = await script();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("plaquette, force and training have the digits that they have in Node, on the page and in a worker", async () => {
    const { page, foreign, problems } = await open(code, {});
    expect(await inWorker(page, "threads")).toMatchObject({ can: "false", isolated: "false" });
    const here = force(1, true);
    const there = await inWorker(page, "force", 1, true);
    expectDigits(there, here, 12);
    expect(await onPage(page, "force", 1, true)).toEqual(there);
    expectDigits(await inWorker(page, "training"), training(), 10);
    const { kernels, ...inSingle } = await inWorker(page, "single");
    const { kernels: text, ...numbers } = single();
    expectDigits(inSingle, numbers, 10);
    expect(kernels).toBe(text);
    expect(kernels).toContain("flop");
    expect([foreign, problems]).toEqual([[], []]);
    await page.context().close();
  });

  test("threads share memory where the page is cross-origin isolated, with the same bits; elsewhere one does the work and says so", async () => {
    const isolated = await open(code, ISOLATED);
    expect(await inWorker(isolated.page, "threads")).toMatchObject({ can: "true", isolated: "true" });
    // the first launch waits for nobody, later ones are shared
    for (const where of [inWorker, onPage]) expect(await where(isolated.page, "pool")).toEqual({ first: "0-30", later: "0-10 10-20 20-30", ready: "2" });
    const here = await inWorker(isolated.page, "force", 1, true);
    expect(await inWorker(isolated.page, "force", 2, true)).toEqual(here);
    expect(await onPage(isolated.page, "force", 2, true)).toEqual(here);
    expect([isolated.foreign, isolated.problems]).toEqual([[], []]);
    await isolated.page.context().close();
    const plain = await open(code, {});
    expect(await onPage(plain.page, "force", 2, true)).toEqual(here);
    expect(plain.problems.join()).toContain("expected a page that is cross-origin isolated");
    await plain.page.context().close();
  });

  test("a File is measured as a path is, in a worker and on the page", async () => {
    const { page, foreign, problems } = await open(code, {});
    const here = await measured(new Blob([readFileSync(file)]));
    expect(here).toMatchObject({ format: "ildg", group: "SU(3)", checks: ["ok", "absent", "absent"] });
    await page.setContent('<label>file <input type="file"></label>');
    await page.addScriptTag({ url: "/code.js" });
    await page.setInputFiles("input", file);
    await page.evaluate('globalThis.picked = document.querySelector("input").files[0]');
    expect(await inWorker(page, "measured", "picked")).toEqual(here);
    expect(await onPage(page, "measured", "picked")).toEqual(here);
    expect([foreign, problems]).toEqual([[], []]);
    await page.context().close();
  });
});
