import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const report = process.env["GAUGEGRAD_TEST_REPORT"];
const source = fileURLToPath(new URL("./src/", import.meta.url));

/** Tests import the package by its name and get the sources. */
export const alias = [
  { find: /^gaugegrad$/, replacement: `${source}index.ts` },
  { find: /^gaugegrad\/([a-z]+)$/, replacement: `${source}$1/index.ts` },
];

export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/build.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
  },
});
