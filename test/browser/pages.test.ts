/** The report and the live page in a real browser: both widths, both colour schemes, by keyboard, without any other host. */
import { appendFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPaths } from "../../src/runs/folder/folder.ts";
import { cli } from "../cli/helpers.ts";
import { linesOf, makeRun, saveState } from "../cli/run-folder.ts";
import { startBrowser } from "./chromium.ts";

/** The few members of the page's own objects that the tests touch; the DOM library of TypeScript is not loaded. */
interface Box {
  readonly width: number;
  readonly height: number;
}
interface Node {
  readonly id: string;
  readonly tagName: string;
  getBoundingClientRect(): Box;
  querySelectorAll(selector: string): Iterable<Node>;
  readonly scrollWidth: number;
}
declare const document: { readonly documentElement: Node; readonly activeElement: Node; querySelectorAll(selector: string): Iterable<Node> };
declare const window: { readonly innerWidth: number };
declare function getComputedStyle(node: Node): { readonly color: string; readonly backgroundColor: string };

const started = await startBrowser();
const browser = "browser" in started ? started.browser : undefined;
if ("reason" in started) console.warn(`browser tests skipped: ${started.reason}`);

const run = makeRun(80);
const file = join(run.folder, "report.html");
const interrupt = new AbortController();
let url = "";
let ended: Promise<unknown> = Promise.resolve();

beforeAll(async () => {
  if (!browser) return;
  await cli(["report", run.folder, "--flow-time", "0.1"]);
  await new Promise<void>((found) => {
    ended = cli(["serve", run.folder, "--flow-time", "0.1"], { interrupt: interrupt.signal, onOutput: (text) => ((url = text.trim()), found()) });
  });
});
afterAll(async () => {
  interrupt.abort();
  await Promise.all([ended, browser?.close()]);
  rmSync(run.folder, { recursive: true, force: true });
});

interface Opened extends AsyncDisposable {
  readonly page: Page;
  readonly requests: string[];
  readonly problems: string[];
}

async function open(address: string, width: number, colorScheme: "light" | "dark", offline = false): Promise<Opened> {
  const context: BrowserContext = await browser!.newContext({ viewport: { width, height: 900 }, colorScheme, offline });
  const page = await context.newPage();
  const [requests, problems]: string[][] = [[], []];
  page.on("request", (r) => requests!.push(r.url()));
  page.on("console", (m) => m.type() === "error" && problems!.push(m.text()));
  page.on("pageerror", (e) => problems!.push(e.message));
  await page.goto(address);
  return { page, requests: requests!, problems: problems!, [Symbol.asyncDispose]: () => context.close() };
}

/** Relative luminance of `rgb(r, g, b)`, as the contrast rules of WCAG define it. */
function luminance(colour: string): number {
  const [r, g, b] = [...colour.matchAll(/[\d.]+/g)].map((m) => Number(m[0]) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

async function expectReadable(page: Page, width: number, scheme: "light" | "dark"): Promise<void> {
  const seen = await page.evaluate(() => {
    const sizes = Array.from(document.querySelectorAll("figure svg"), (e) => e.getBoundingClientRect()).map(({ width: w, height }) => [w, height] as const);
    const style = (selector: string) => Array.from(document.querySelectorAll(selector), (e) => getComputedStyle(e))[0]!;
    return { page: document.documentElement.scrollWidth, window: window.innerWidth, sizes, paper: style("body").backgroundColor, inks: ["h1", "p", "figcaption", "figure svg text"].map((s) => style(s).color) };
  });
  expect(seen.page).toBeLessThanOrEqual(seen.window);
  expect(seen.sizes.length).toBeGreaterThan(5);
  for (const [w, h] of seen.sizes) expect(w >= Math.min(300, width - 60) && h > 120 && w <= width).toBe(true);
  const paper = luminance(seen.paper);
  expect(paper > 0.5).toBe(scheme === "light");
  for (const ink of seen.inks) {
    const [a, b] = [luminance(ink), paper].sort((x, y) => y - x);
    expect((a! + 0.05) / (b! + 0.05)).toBeGreaterThan(4.5);
  }
}

/** How long a page may take to follow, on a loaded machine too. */
const soon = { timeout: 30_000 };

const LOOKS = [[1280, "light"], [1280, "dark"], [400, "light"], [400, "dark"]] as const;

describe.skipIf(!browser)("report", () => {
  test.each(LOOKS)("%i pixels, %s: readable, one request", async (width, scheme) => {
    await using opened = await open(pathToFileURL(file).href, width, scheme, true);
    await expectReadable(opened.page, width, scheme);
    expect(opened.requests).toEqual([pathToFileURL(file).href]);
    expect(opened.problems).toEqual([]);
  });
  test("the keyboard reaches every link of the contents, the tables and the code", async () => {
    await using opened = await open(pathToFileURL(file).href, 400, "light");
    const wanted = await opened.page.locator("nav a, .scroll, pre").count();
    for (let k = 0; k < wanted; k++) {
      await opened.page.keyboard.press("Tab");
      expect(await opened.page.evaluate(() => Array.from(document.querySelectorAll("nav a, .scroll, pre")).indexOf(document.activeElement))).toBe(k);
    }
  });
});

describe.skipIf(!browser)("live page", () => {
  test.each(LOOKS)("%i pixels, %s: readable, no other host, no complaint of the security policy", async (width, scheme) => {
    await using opened = await open(url, width, scheme);
    await opened.page.waitForSelector("#slice svg");
    await expectReadable(opened.page, width, scheme);
    expect(opened.requests.filter((r) => !r.startsWith(url) && !r.startsWith("data:"))).toEqual([]);
    expect(opened.problems).toEqual([]);
  });

  test("sliders move by keyboard and keep the focus while the run goes on", async () => {
    await using opened = await open(url, 1280, "light");
    const { page } = opened;
    const label = (): Promise<string | null> => page.getAttribute("#slice svg", "aria-label");
    await page.waitForSelector("#slice svg");
    expect(await label()).toContain("Action density, z = 0, t = 0");
    expect(await page.locator("#sections > [data-part]").evaluateAll((parts) => parts.map((p) => (p as unknown as { dataset: { part: string } }).dataset.part))).toEqual(
      ["contents", "state", "results", "histories", "fields", "dynamics", "distributions", "autocorrelation", "training", "attention", "checks", "events", "configuration"],
    );
    await page.getByLabel("slice along t").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("End");
    await expect.poll(label, soon).toContain("Action density, z = 0, t = 3");
    await page.getByLabel("field", { exact: true }).selectOption({ label: "Topological charge density" });
    await expect.poll(label, soon).toContain("Topological charge density, z = 0, t = 3");
    const before = await page.locator("#slice svg").innerHTML();

    await page.getByLabel("slice along z").focus();
    const history = await page.locator("[data-part=histories] svg").first().innerHTML();
    appendFileSync(runPaths(run.folder).metrics, linesOf(80, 84).map((r) => `${JSON.stringify(r)}\n`).join(""));
    saveState(run.folder, run.run, 84, 7);
    await expect.poll(() => page.textContent("#progress"), soon).toContain("84 of 90");
    await expect.poll(() => page.locator("#slice svg").innerHTML(), soon).not.toBe(before);
    expect(await label()).toContain("Topological charge density, z = 0, t = 3");
    expect(await page.locator("[data-part=histories] svg").first().innerHTML()).not.toBe(history);
    expect(await page.evaluate(() => document.activeElement.id)).toBe("at-0");
    expect(opened.problems).toEqual([]);
  });

  test("says that the server is gone", async () => {
    await using opened = await open(url, 400, "dark");
    await expect.poll(() => opened.page.textContent("#connection"), soon).toBe("live");
    interrupt.abort();
    await ended;
    await expect.poll(() => opened.page.textContent("#connection"), soon).toMatch(/^(connection lost|ended)/);
  });
});
