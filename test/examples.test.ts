/**
 * The numbered lessons and every code block of README.md and docs/, run as users run them. Each lesson asserts a known number itself. The lessons and the program of
 * README.md print every digit here, and these are the ones that were printed before fields had a batch axis: what the compiler learns changes no bit on the default backend.
 * Those of lessons 9 and 10, on U(1), are of its phases by the series of cosine and sine.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
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

const pages = ["README.md", ...(existsSync(join(root, "docs")) ? readdirSync(join(root, "docs")).filter((f) => f.endsWith(".md")).map((f) => `docs/${f}`) : [])];
for (const page of pages)
  describe(page, () => {
    const list = blocks(page);
    test("can be read", () => expect(readFileSync(join(root, page), "utf8").length).toBeGreaterThan(0));
    list.forEach(({ code, needs }, k) =>
      test(`code block ${k + 1} of ${list.length}`, async ({ skip }) => {
        skip(needs !== undefined && !installed(needs), `${needs} is not installed`);
        const file = join(folder, `${page.replaceAll(/\W/g, "-")}-${k + 1}.ts`);
        writeFileSync(file, code);
        if (page === "README.md") {
          await runInFull(file, `README-${k + 1}`);
          return;
        }
        const { status, output } = run(file);
        expect(status, output).toBe(0);
      }),
    );
  });
