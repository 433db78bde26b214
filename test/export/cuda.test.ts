/** Exported libraries of CUDA kernels: on the processor through the shim, and compiled by nvcc where there is one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "../cli/helpers.ts";
import { FERMIONS, OWN_LAYER, STOUTED } from "./subjects.ts";
import { sh } from "./tools.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-cuda-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const cxx = spawnSync("g++", ["--version"]).status === 0;
const nvcc = /release ([\d.]+)/.exec(spawnSync("nvcc", ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
if (!cxx) console.log("g++: not found here, kernels for devices are not run on the processor");
if (nvcc === undefined) console.log("nvcc: not found here, kernels for devices are not compiled");

const PLAIN = `import { gaugeAction } from "gaugegrad";\nexport const plain = gaugeAction.wilson({ beta: 6 });\n`;

beforeAll(async () => {
  for (const [name, text, group] of [["stouted", STOUTED, "su3"], ["gated", OWN_LAYER, "su2"], ["dynamical", FERMIONS, "su2"], ["plain", PLAIN, "su3"]] as const) {
    writeFileSync(join(folder, `${name}.ts`), text);
    const { code, stderr } = await cli(["export", `${name}.ts`, "--to", "cuda", "--out", name, "--name", name, "--group", group], { directory: folder });
    expect(code, stderr).toBe(0);
  }
}, 600_000);

test.skipIf(!cxx).each(["stouted", "gated", "dynamical"])("%s on the processor has the numbers of the library", (name) => {
  const at = join(folder, name);
  sh(at, "make", ["shim", "CXX=g++ -Werror", "FLAGS=-O1"]);
  expect(sh(at, "./shim", [])).toMatch(/ 0 wrong/);
});

test.skipIf(nvcc === undefined)("kernels compile for sm_90: registers and spills", async () => {
  const { status, stderr } = spawnSync("nvcc", ["-std=c++17", "-O2", "-arch=sm_90", "-Xptxas", "-v", "-c", "-o", "plain.o", "plain.cu"], { cwd: join(folder, "plain"), encoding: "utf8" });
  expect(status, stderr).toBe(0);
  // ptxas tells the name, the spills and the registers of each kernel one after the other
  const kernels = [...stderr.matchAll(/Function properties for (\S+)\n\s*(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads\n.*?Used (\d+) registers/g)];
  // the length of a name stands before it
  const short = (mangled: string): string => {
    const [, length, rest] = /(\d+)((?:value|force|both|gradient)_\w*)/.exec(mangled)!;
    return rest!.slice(0, Number(length));
  };
  const text = kernels.map(([, name, frame, stores, loads, registers]) => `${short(name!)}: ${registers} registers, stack ${frame}, spills ${stores} + ${loads} bytes`).sort().join("\n");
  expect(kernels.length).toBeGreaterThan(3);
  if (nvcc === "13.0") await expect(`${text}\n`).toMatchFileSnapshot("__snapshots__/sm_90.txt");
  else console.log(`nvcc ${nvcc}: the snapshot is of 13.0, registers are not compared:\n${text}`);
});
