/**
 * The numbered lessons and every code block of README.md, each run as users run it, and those of docs/, one after another in one process. Each lesson asserts a known number itself. The lessons and the program of
 * README.md print every digit here, and these are the ones that were printed before fields had a batch axis: what the compiler learns changes no bit on the default backend.
 * Those of lessons 9 and 10, on U(1), are of its phases by the series of cosine and sine.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lattice } from "../src/gauge/index.ts";
import { arithmeticOf, arithmeticText } from "../src/runs/arithmetic.ts";

const root = resolve(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "gaugegrad-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (file: string, flags: readonly string[] = []): { status: number | null; output: string; printed: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, join(root, "dist/cli/main.js"), "run", file], { cwd: folder, encoding: "utf8" });
  return { status, output: stdout + stderr, printed: stdout };
};

/** Numbers are printed with all digits, whatever a program asks for. */
const fullDigits = join(folder, "full-digits.mjs");
writeFileSync(fullDigits, `for (const name of ["toFixed", "toPrecision", "toExponential"]) Number.prototype[name] = function () { return String(this); };\n`);
/** The digits are those of one arithmetic. */
const arithmetic = arithmeticText(arithmeticOf(lattice([2, 2]), false));
const otherwise = process.version.startsWith("v20.") && arithmetic === "wasm, fused multiply-add" ? undefined : `Node ${process.version}, ${arithmetic}; the digits are those of Node 20 with fused multiply-add`;
if (otherwise) console.log(`printed digits are not compared: ${otherwise}`);

const runInFull = async (file: string, name: string): Promise<void> => {
  const { status, output, printed } = run(file, ["--import", fullDigits]);
  expect(output).not.toBe("");
  expect(status, output).toBe(0);
  if (!otherwise) await expect(printed).toMatchFileSnapshot(`./__snapshots__/printed/${name}.txt`);
};

describe("examples", () => {
  for (const name of readdirSync(join(root, "examples")).filter((f) => f.endsWith(".ts")))
    test(name, async () => {
      const file = join(root, "examples", name);
      expect(readFileSync(file, "utf8").split("\n").length).toBeLessThanOrEqual(61);
      await runInFull(file, name.replace(".ts", ""));
    });
});

interface Block {
  code: string;
  /** Package without which the block cannot run. */
  readonly needs?: string;
}

/** ```ts blocks of a page, in order; a block marked `ts continue` goes on from the one before, `ts node` is not run in pages of the site, one marked `ts needs PACKAGE` runs where that is installed. */
function blocks(page: string): Block[] {
  const list: Block[] = [];
  for (const [, info, code] of readFileSync(join(root, page), "utf8").matchAll(/^```ts([^\n]*)\n(.*?)^```/gms)) {
    const needs = /^\s*needs (\S+)/.exec(info!)?.[1];
    if (info!.trim() === "continue") list[list.length - 1]!.code += code!;
    else list.push({ code: code!, ...(needs ? { needs } : {}) });
  }
  return list;
}

function installed(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Runs programs one after another in one process, which reads the package once; what each ends with, empty where nothing went wrong. */
const ALL = join(folder, "all.mjs");
writeFileSync(ALL, `import { readFileSync, writeFileSync } from "node:fs";
const ends = {};
for (const file of JSON.parse(readFileSync("files.json", "utf8"))) {
  try {
    await import(file);
    ends[file] = process.exitCode ? \`exit code \${process.exitCode}\` : "";
  } catch (error) {
    ends[file] = String(error?.stack ?? error);
  }
  process.exitCode = undefined;
  writeFileSync("ends.json", JSON.stringify(ends));
}
`);

const pages = ["README.md", ...(existsSync(join(root, "docs")) ? readdirSync(join(root, "docs")).filter((f) => f.endsWith(".md")).map((f) => `docs/${f}`) : [])];
const programs = pages.flatMap((page) => blocks(page).map((block, k) => ({ page, name: `${page.replaceAll(/\W/g, "-")}-${k + 1}`, missing: block.needs !== undefined && !installed(block.needs), ...block })));
const fileOf = (name: string): string => join(folder, `${name}.ts`);
for (const { name, code } of programs) writeFileSync(fileOf(name), code);

test("pages can be read", () => {
  for (const page of pages) expect(readFileSync(join(root, page), "utf8").length).toBeGreaterThan(0);
});

describe("README.md", () => {
  for (const { name } of programs.filter((p) => p.page === "README.md")) test(`code block ${name}`, () => runInFull(fileOf(name), name.replace("README-md", "README")));
});

describe("docs", () => {
  const inDocs = programs.filter((p) => p.page !== "README.md");
  let ends: Readonly<Record<string, string>> = {};
  let said = "";
  beforeAll(() => {
    writeFileSync(join(folder, "files.json"), JSON.stringify(inDocs.filter((p) => !p.missing).map((p) => fileOf(p.name))));
    const { status, output } = run(ALL);
    [said, ends] = [`exit code ${status}: ${output}`, JSON.parse(readFileSync(join(folder, "ends.json"), "utf8")) as typeof ends];
  }, 600_000);
  for (const { page, name, missing, needs } of inDocs)
    test(`code block ${name} of ${page}`, ({ skip }) => {
      skip(missing, `${needs} is not installed`);
      expect(ends[fileOf(name)], said).toBe("");
    });
});
