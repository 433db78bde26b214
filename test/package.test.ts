/** The package as users get it: packed, installed into an empty folder, imported by every public name, with types. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "gaugegrad-package-"));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string; exports: Record<string, unknown> };
const entries = Object.keys(manifest.exports).filter((e) => e !== "./package.json").map((e) => e.replace(/^\./, "gaugegrad"));

beforeAll(() => {
  // dist is there already (test/build.ts); packing must not build it again under the other tests
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root, encoding: "utf8" })) as [{ filename: string }];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  // beside it the oldest TypeScript that its types are for
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, filename), "typescript@5.7"], { cwd: folder, encoding: "utf8", stdio: "pipe" });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every public entry can be imported", () => {
  const script = `for (const e of ${JSON.stringify(entries)}) { const m = await import(e); if (Object.keys(m).length === 0) throw new Error(e + " is empty"); console.log(e); }`;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" }).trim().split("\n")).toEqual(entries);
});

test.each([["the present", root], ["5.7", folder]])("every public entry has types that %s TypeScript takes without skipLibCheck", (_, compiler) => {
  writeFileSync(join(folder, "user.ts"), `${entries.map((e, k) => `import * as m${k} from "${e}";`).join("\n")}\nimport { lattice, gaugeAction, cold, SU } from "gaugegrad";\nexport const s: number = gaugeAction.wilson({ beta: 6 }).value(cold(lattice([2, 2, 2, 2]), SU(3)));\nexport const all = [${entries.map((_e, k) => `m${k}`).join(", ")}];\n`);
  const tsc = join(compiler, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "--noEmit", "--strict", "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2022", "user.ts"], { cwd: folder, encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}, 180_000);

test("what a user gets: an executable command, docs and examples, maps with their sources", () => {
  const of = (path: string): string => join(folder, "node_modules/gaugegrad", path);
  expect(statSync(of("dist/cli/main.js")).mode & 0o111).toBe(0o111);
  expect(readdirSync(of("docs"))).toContain("layers.md");
  expect(readdirSync(of("examples")).length).toBeGreaterThan(7);
  const map = JSON.parse(readFileSync(of("dist/index.js.map"), "utf8")) as { sourcesContent?: readonly string[] };
  expect(map.sourcesContent?.[0]).toContain("gaugegrad");
});

test("plots of what was built: their library is called by name there", () => {
  const script = `import * as r from "gaugegrad/report"; const values = [1, 2, 4, 3, 2], x = values; console.log(typeof r.linePlot({ series: [{ name: "a", x, y: values, error: values }] }), typeof r.histogramPlot({ series: [{ name: "a", values }] }), typeof r.historyPlot({ chains: [{ name: "a", values }] }), typeof r.heatmapPlot({ values: [1, 2, 3, 4], nx: 2, ny: 2 }));`;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" }).trim()).toBe("string string string string");
});

test("the command line runs", () => {
  expect(execFileSync("npx", ["--no-install", "gaugegrad", "--version"], { cwd: folder, encoding: "utf8" }).trim()).toBe(manifest.version);
  expect(execFileSync(join(folder, "node_modules/.bin/gaugegrad"), ["doctor"], { cwd: folder, encoding: "utf8" })).toContain("wasm");
});
