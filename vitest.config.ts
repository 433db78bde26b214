import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const report = process.env["GAUGEGRAD_TEST_REPORT"];

export default defineConfig({
  resolve: { alias: { gaugegrad: fileURLToPath(new URL("./src/index.ts", import.meta.url)) } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
  },
});
