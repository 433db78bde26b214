/** The ten lessons, and the training of the quick quickstart, in the pages of the site in Chromium: each lesson checks a known number itself, and the trained sampler has to find the plaquette. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LENGTHS } from "../../src/runs/quickstart/quickstart.ts";
import { BENCHMARK } from "../../src/runs/index.ts";
import { startBrowser } from "../browser/chromium.ts";

const started = await startBrowser();
const browser = "browser" in started ? started.browser : undefined;
if ("reason" in started) console.warn(`lessons in a page skipped: ${started.reason}`);

const root = resolve(import.meta.dirname, "../..");
const site = mkdtempSync(join(tmpdir(), "gaugegrad-lessons-"));
const lessons = readdirSync(join(root, "examples")).filter((f) => /^\d\d-.*\.ts$/.test(f)).map((f) => basename(f, ".ts"));

describe.skipIf(!browser)("in a page", () => {
  let page: Page;
  const wrong: string[] = [];

  beforeAll(async () => {
    const { status, stderr } = spawnSync(process.execPath, ["dist/cli/main.js", "run", "site/build.ts", "--no-reference", `--out=${site}`], { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    page = await browser!.newPage();
    page.setDefaultTimeout(1_800_000);
    page.on("pageerror", (e) => wrong.push(e.message));
    page.on("request", (r) => !r.url().startsWith(pathToFileURL(site).href) && !/^(?:blob|data):/.test(r.url()) && wrong.push(r.url()));
    await page.goto(`${pathToFileURL(site).href}/examples.html`);
  }, 600_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(site, { recursive: true, force: true });
  });

  /** Runs a section of the page, with other code where it is given. */
  async function run(id: string, code?: string): Promise<{ readonly output: string; readonly state: string }> {
    const section = page.locator(`[id="${id}"]`);
    if (code !== undefined) {
      await section.locator(".cm-content").click();
      await page.keyboard.press("Control+A");
      await page.keyboard.press("Delete");
      await page.keyboard.insertText(code);
    }
    await section.locator("button.run").click();
    await section.locator(".state", { hasText: /done|failed/ }).waitFor();
    return { output: await section.locator(".output").innerText(), state: await section.locator(".state").innerText() };
  }

  test("there are ten lessons", () => expect(lessons).toHaveLength(10));

  test.each(lessons)("%s", async (lesson) => {
    const begin = performance.now();
    const { output, state } = await run(lesson);
    console.log(`${lesson}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    expect(state, output).toContain("done");
    expect(wrong).toEqual([]);
  });

  test("the training of the quick quickstart: lesson 8 with its steps and lengths", async () => {
    const { thermalise, train, sample } = LENGTHS.quick;
    const changes: readonly [string, string][] = [["steps: 10", `steps: ${BENCHMARK.steps}`], ["trajectories: 30 ", `trajectories: ${thermalise} `], ["trajectories: 100,", `trajectories: ${sample},`], ["trajectories: 60,", `trajectories: ${train},`]];
    const code = changes.reduce((text, [from, to]) => {
      expect(text.split(from), from).toHaveLength(2);
      return text.replace(from, to);
    }, readFileSync(join(root, "examples/08-train-slhmc.ts"), "utf8"));
    const { output, state } = await run("08-train-slhmc", code);
    console.log(output);
    expect(state, output).toContain("done");
    const acceptance = (name: string): number => Number(new RegExp(`SLHMC, ${name}: acceptance (\\d\\.\\d+)`).exec(output)![1]);
    expect(output).toContain(`trajectory ${train}:`);
    expect(acceptance("trained")).toBeGreaterThan(acceptance("untrained"));
    expect(wrong).toEqual([]);
  });
});
