import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

const report = process.env["GAUGEGRAD_TEST_REPORT"];
const source = fileURLToPath(new URL("./src/", import.meta.url));

/** Tests import the package by its name and get the sources. */
export const alias = [
  { find: /^#platform\/(.*)$/, replacement: `${source}$1.node.ts` },
  { find: /^gaugegrad$/, replacement: `${source}index.ts` },
  { find: /^gaugegrad\/([a-z]+)$/, replacement: `${source}$1/index.ts` },
];

/** Files and numbers of other codes are no part of the repository; what they check is checked by fields that the tests make as well. */
const stored = fileURLToPath(new URL("../shared/reference/", import.meta.url));
const left = existsSync(stored) ? [] : ["test/**/*.reference.test.ts"];
if (left.length > 0) console.log(`${left[0]}: left out, there is no ${stored}`);

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...left],
    globalSetup: ["test/build.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
  },
});
