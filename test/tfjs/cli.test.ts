/** The backend on the command line. */
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { cli } from "../cli/helpers.ts";

/** Where the package is present the command would begin its work, which takes hours without a GPU. */
const present = (name: string): boolean => {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
};

test.skipIf(present("@tensorflow/tfjs-node-gpu"))("--backend tfjs without its package: one line that says what to install, exit code 1", async () => {
  const r = await cli(["quickstart", "--backend", "tfjs", "--quick"]);
  expect(r.code).toBe(1);
  expect(r.stdout).toBe("");
  expect(r.stderr.trim().split("\n")).toHaveLength(1);
  expect(r.stderr).toContain("npm install @tensorflow/tfjs-node-gpu@4.22");
});

test("doctor shows engines with device and version, or what to install", async () => {
  const { backends, packages } = JSON.parse((await cli(["doctor", "--json"])).stdout) as Record<"backends" | "packages", { name: string; present: boolean; detail: string }[]>;
  const tfjs = backends.find((b) => b.name === "tfjs")!;
  expect(tfjs.present).toBe(true);
  expect(tfjs.detail).toMatch(/wasm: device cpu, TensorFlow\.js 4\.\d+\.\d+, planes products/);
  const gpu = packages.find((p) => p.name === "@tensorflow/tfjs-node-gpu")!;
  expect(gpu.detail).toMatch(gpu.present ? /device (cuda|cpu)/ : /npm install @tensorflow\/tfjs-node-gpu/);
});
