/** The site in a real browser: opened as files and under a path of a host; programs run, errors stand at their line, the playground trains, nothing is asked of any other host. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { SU, hot, lattice, plaquettes, writeGauge } from "gaugegrad";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

/** A page of the site, as a file or under a path of a host that the test plays. */
async function open(file: string, options: { readonly host?: boolean; readonly width?: number; readonly dark?: boolean } = {}): Promise<Opened> {
  const context = await browser!.newContext({ viewport: { width: options.width ?? 1000, height: 800 }, colorScheme: options.dark ? "dark" : "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(90_000);
  const wrong: string[] = [];
  const home = options.host ? "http://localhost/people/somebody/" : `${pathToFileURL(site).href}/`;
  page.on("console", (m) => (m.type() === "error" || m.type() === "warning") && wrong.push(m.text()));
  page.on("pageerror", (e) => wrong.push(e.message));
  page.on("request", (r) => !r.url().startsWith(home) && !/^(?:blob|data):/.test(r.url()) && wrong.push(r.url()));
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

  test("links between its pages lead somewhere, and every page says what it is", () => {
    const pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".html"));
    expect(pages.length).toBeGreaterThan(15);
    for (const file of pages) {
      const html = readFileSync(join(site, file), "utf8");
      expect(html).toMatch(/<html lang="en">.*<title>[^<]+<\/title>/s);
      expect([...html.matchAll(/<(?:script|link|img)[^>]*(?:src|href)="https?:/g)]).toEqual([]);
      for (const [, target] of html.matchAll(/(?:href|src)="(?![a-z]+:|#)([^"#]+)/g)) expect(() => readFileSync(join(site, file, "..", target!)), `${file}: ${target}`).not.toThrow();
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
    const { page, wrong } = await open("playground.html", { host: true });
    await page.locator("#setup button[type=submit]").focus();
    await page.keyboard.press("Enter");
    await page.locator("#state", { hasText: /train: \d+ of (?:[4-9]|\d\d) accepted/ }).waitFor();
    for (const plot of ["plaquette", "loss", "charge"]) expect(await page.locator(`#${plot} svg`).count()).toBe(1);
    await page.locator("#stop").click();
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
    const lines = Array.from({ length: 40 }, (_, k) => ({ kind: "trajectory", phase: "sample", trajectory: k, accepted: k % 3 !== 0, dH: Math.sin(k) / 3, action: 100 + k, kinetic: 50, plaquette: 0.6 + Math.sin(1.3 * k) / 100 }));
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

  test.each([[400, false], [1000, true]] as const)("%i pixels wide, dark %s: nothing runs over, texts contrast, fields have names", async (width, dark) => {
    for (const file of ["index.html", "playground.html", "examples.html", "results/index.html"]) {
      const { page, wrong } = await open(file, { width, dark });
      const found = await page.evaluate(`(() => {
        const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map((x) => { const v = x / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$|transparent/.test(c)) return c; } return "rgb(255, 255, 255)"; };
        const faint = [...document.querySelectorAll("main p, main h1, main a, nav a, button, th, label, .cm-line, .cm-line span, .output")].filter((e) => e.offsetParent && !e.disabled && e.textContent.trim()).flatMap((e) => { const [a, b] = [light(getComputedStyle(e).color), light(back(e))].sort((x, y) => y - x); const ratio = (a + 0.05) / (b + 0.05); return ratio < 4.5 ? [e.tagName + " " + e.textContent.slice(0, 30) + " " + ratio.toFixed(2)] : []; });
        const nameless = [...document.querySelectorAll("input, select, button, img")].filter((e) => e.offsetParent && !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim() || e.alt)).map((e) => e.outerHTML.slice(0, 80));
        return { over: document.documentElement.scrollWidth - innerWidth, faint, nameless };
      })()`);
      expect(found, file).toEqual({ over: expect.toSatisfy((x: number) => x <= 0), faint: [], nameless: [] });
      expect(wrong).toEqual([]);
      await page.context().close();
    }
  });
});
