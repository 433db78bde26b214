/** The site in a real browser: opened as files and under a path of a host; programs run, errors stand at their line, the playground trains, nothing is asked of any other host. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { SU, hot, lattice, plaquettes, writeGauge } from "gaugegrad";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AUDIT, CLEAN, WATCH_SHIFTS } from "./audit.ts";
import { startBrowser } from "./chromium.ts";

const started = await startBrowser();
const browser = "browser" in started ? started.browser : undefined;
if ("reason" in started) console.warn(`browser tests skipped: ${started.reason}`);

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "gaugegrad-site-"));
const site = join(folder, "site");
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png" };

interface Opened {
  readonly page: Page;
  /** Requests that leave the site, errors and warnings of the console. */
  readonly wrong: string[];
}

/** A page that notes what it says and asks for. */
async function watched(context: BrowserContext, home: string): Promise<Opened> {
  const page = await context.newPage();
  page.setDefaultTimeout(90_000);
  const wrong: string[] = [];
  page.on("console", (m) => (m.type() === "error" || m.type() === "warning") && wrong.push(m.text()));
  page.on("pageerror", (e) => wrong.push(e.message));
  page.on("request", (r) => !r.url().startsWith(home) && !/^(?:blob|data):/.test(r.url()) && wrong.push(r.url()));
  return { page, wrong };
}

const pagesOf = (folderOfSite: string): string[] => readdirSync(folderOfSite, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".html")).sort();

/** A page of the site, as a file or under a path of a host that the test plays. */
async function open(file: string, options: { readonly host?: boolean; readonly width?: number; readonly dark?: boolean } = {}): Promise<Opened> {
  const context = await browser!.newContext({ viewport: { width: options.width ?? 1000, height: 800 }, colorScheme: options.dark ? "dark" : "light" });
  const home = options.host ? "http://localhost/people/somebody/" : `${pathToFileURL(site).href}/`;
  await context.addInitScript(WATCH_SHIFTS);
  const { page, wrong } = await watched(context, home);
  if (options.host)
    await context.route("**/*", (route) => {
      const path = join(site, new URL(route.request().url()).pathname.replace("/people/somebody/", ""));
      return route.fulfill({ body: readFileSync(path), contentType: TYPES[extname(path)] ?? "text/plain" });
    });
  await page.goto(home + file);
  return { page, wrong };
}

/** Runs the program of a section and waits for its end; what it printed and how it ended. */
async function runProgram(page: Page, id: string): Promise<{ readonly output: string; readonly state: string }> {
  const section = page.locator(`[id="${id}"]`);
  await section.locator("button.run").click();
  await section.locator(".state", { hasText: /done|failed/ }).waitFor();
  return { output: await section.locator(".output").innerText(), state: await section.locator(".state").innerText() };
}

async function setCode(page: Page, id: string, code: string): Promise<void> {
  const editor = page.locator(`[id="${id}"] .cm-content`);
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(code);
}

describe.skipIf(!browser)("the site", () => {
  beforeAll(() => {
    const { status, stderr } = spawnSync(process.execPath, ["dist/cli/main.js", "run", "site/build.ts", "--no-reference", `--out=${site}`], { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("links between its pages lead somewhere, to places inside of them too, and every page says what it is", () => {
    const pages = pagesOf(site);
    const ids = new Map(pages.map((file) => [join(site, file), new Set(Array.from(readFileSync(join(site, file), "utf8").matchAll(/ id="([^"]+)"/g), (m) => m[1]!))]));
    expect(pages.length).toBeGreaterThan(15);
    for (const file of pages) {
      const html = readFileSync(join(site, file), "utf8");
      expect(html).toMatch(/<html lang="en">.*<title>[^<]+<\/title>/s);
      expect([...html.matchAll(/<(?:script|link|img)[^>]*(?:src|href)="https?:/g)]).toEqual([]);
      expect([...html.matchAll(/<img(?![^>]* width="\d+" height="\d+")[^>]*>/g)].map(([img]) => img), `${file}: pictures without a size`).toEqual([]);
      for (const [, target, place] of html.matchAll(/(?:href|src)="(?![a-z]+:)([^"#]*)(?:#([^"]+))?/g)) {
        const there = target === "" ? join(site, file) : join(site, file, "..", target!);
        expect(() => readFileSync(there), `${file}: ${target}`).not.toThrow();
        if (place !== undefined) expect(ids.get(there)?.has(decodeURIComponent(place)), `${file}: ${target}#${place}`).toBe(true);
      }
    }
  });

  test("a lesson runs, edited code too; a broken covariance stands at its line; a link carries the code", async () => {
    const { page, wrong } = await open("examples.html");
    const lesson = await runProgram(page, "01-plaquette");
    expect(lesson.output).toContain("plaquette          0.749605623875");
    expect(lesson.state).toContain("done");
    expect(await page.evaluate("document.activeElement.closest('section').id + ' ' + document.activeElement.className")).toBe("01-plaquette run");
    const broken = 'import { SU, hot, lattice, layer, mul, check } from "gaugegrad";\nconst U = hot(lattice([4, 4]), SU(2), { seed: 1 });\nconst wrong = layer({ name: "wrong", params: {}, forward: (V) =>\n  V.map((mu) => mul(V[mu]!, V[mu]!)) });\nconsole.log(String(check(wrong, U)));';
    await setCode(page, "02-force", broken);
    const { output, state } = await runProgram(page, "02-force");
    expect(state).toBe("failed");
    expect(output).toMatch(/^line 4: .*mul/s);
    expect(await page.locator('[id="02-force"] .cm-lintRange-error').count()).toBeGreaterThan(0);
    await setCode(page, "02-force", 'import { linePlot } from "gaugegrad/report";\nconsole.log("β =", 6);\nconsole.log(linePlot({ title: "a", xLabel: "x", yLabel: "y", series: [{ name: "s", x: [1, 2, 3], y: [1, 4, 9] }] }));');
    expect((await runProgram(page, "02-force")).output).toContain("β = 6");
    expect(await page.locator('[id="02-force"] .output img').evaluate((i) => (i as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(200);
    await page.locator('[id="02-force"] button.share').click();
    const link = await page.locator('[id="02-force"] .state a').getAttribute("href");
    const other = await page.context().newPage();
    await other.goto(link!);
    await other.locator('[id="shared"] .cm-content', { hasText: "linePlot" }).waitFor();
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test("the playground trains under a path of a host, by keyboard", async () => {
    const { page, wrong } = await open("playground.html", { host: true, width: 400 });
    await page.locator("#setup button[type=submit]").focus();
    await page.keyboard.press("Enter");
    await page.locator("#state", { hasText: /train: \d+ of (?:[4-9]|\d\d) accepted/ }).waitFor();
    for (const plot of ["plaquette", "loss", "charge"]) expect(await page.locator(`#${plot} svg`).count()).toBe(1);
    await page.locator("#stop").click();
    expect(await page.evaluate("shifted"), "shift of the layout").toBeLessThan(0.02);
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test("U(1) in two dimensions with attention: its maps are drawn, and follow what is chosen", async () => {
    const { page, wrong } = await open("playground.html");
    for (const [name, value] of [["group", "U(1)"], ["lattice", "8,8"], ["layer", "cask"]]) await page.locator(`#setup select[name=${name}]`).selectOption(value!);
    await page.locator("#setup button[type=submit]").click();
    await page.locator("#state", { hasText: /train: \d+ of (?:[5-9]|\d\d) accepted/ }).waitFor();
    await page.locator("#stop").click();
    await page.locator("#joined").selectOption("t-1x");
    expect(await page.locator("#attention svg").getAttribute("aria-label")).toContain("attention t-1x");
    expect(await page.locator("#charge svg").count()).toBe(1);
    expect(await page.locator("#z").isDisabled()).toBe(true);
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test("a dropped configuration is measured to Node's digits, metrics become a report", async () => {
    const file = join(folder, "u.nersc");
    const U = hot(lattice([4, 4, 4, 8]), SU(3), { seed: 5 });
    writeGauge(file, U, "nersc");
    const metrics = join(folder, "run");
    mkdirSync(metrics);
    const lines = Array.from({ length: 40 }, (_, k) => [{ kind: "trajectory", phase: "sample", trajectory: k, accepted: k % 3 !== 0, dH: Math.sin(k) / 3, action: 100 + k, kinetic: 50, plaquette: 0.6 + Math.sin(1.3 * k) / 100 }, { kind: "measurement", trajectory: k, values: { "|polyakov|": 0.1 + Math.cos(2.1 * k) / 50 } }]).flat();
    writeFileSync(join(metrics, "metrics.jsonl"), lines.map((l) => JSON.stringify(l)).join("\n"));
    const { page, wrong } = await open("playground.html");
    await page.setInputFiles("#links", file);
    await page.locator("#measured table").waitFor();
    const rows = await page.locator("#measured tr").allInnerTexts();
    expect(rows.map((r) => r.split("\t"))).toContainEqual(["plaquette", plaquettes(U).mean.toPrecision(15)]);
    await page.setInputFiles("#links", join(metrics, "metrics.jsonl"));
    await page.locator("#measured", { hasText: "expected a configuration" }).waitFor();
    await page.setInputFiles("#metrics", join(metrics, "metrics.jsonl"));
    await page.locator("#report figure svg").first().waitFor();
    expect(await page.locator("#report").innerText()).toMatch(/sample: 40 trajectories, acceptance 0\.650/);
    expect(await page.locator("#report").innerText()).toContain("|polyakov|");
    expect(await page.locator("#report .error").count()).toBe(0);
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test("search finds pages without a network", async () => {
    const { page, wrong } = await open("learn/layers.html");
    await page.locator("#search").fill("staggered");
    await page.locator("#found a").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => !url.href.includes("layers.html"));
    expect(wrong).toEqual([]);
    await page.context().close();
  });

  test("every page, narrow and dark, wide and light: nothing runs over or shifts, texts contrast, everything has a name, headings are in order", { timeout: 300_000 }, async () => {
    const context = await browser!.newContext();
    await context.addInitScript(WATCH_SHIFTS);
    const { page, wrong } = await watched(context, `${pathToFileURL(site).href}/`);
    for (const file of pagesOf(site)) {
      await page.setViewportSize({ width: 400, height: 900 });
      await page.emulateMedia({ colorScheme: "dark" });
      await page.goto(pathToFileURL(join(site, file)).href);
      expect(await page.evaluate(AUDIT), `${file}, 400 pixels, dark`).toEqual(CLEAN);
      await page.evaluate("new Promise((done) => { scrollTo(0, document.body.scrollHeight); requestAnimationFrame(() => requestAnimationFrame(done)); })");
      expect(await page.evaluate("shifted"), `${file}: shift of the layout`).toBeLessThan(0.02);
      await page.setViewportSize({ width: 1200, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
      expect(await page.evaluate(AUDIT), `${file}, 1200 pixels, light`).toEqual(CLEAN);
      expect(wrong, file).toEqual([]);
    }
    await context.close();
  });
});
