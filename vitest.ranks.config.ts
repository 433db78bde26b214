import { defineConfig } from "vitest/config";
import { alias } from "./vitest.config.ts";

const report = process.env["GAUGEGRAD_TEST_REPORT"];

/** Whole runs on several ranks, on each launcher and queue that is here: `npm run test:ranks`, minutes. */
export default defineConfig({
  resolve: { alias },
  test: {
    include: ["test/ranks/**/*.ranks.ts"],
    globalSetup: ["test/build.ts"],
    testTimeout: 900_000,
    hookTimeout: 600_000,
    // jobs in Slurm sleep most of the time, and ranks that are stuck or killed are waited for
    maxWorkers: 3,
    reporters: report ? ["verbose", "json"] : ["verbose"],
    ...(report ? { outputFile: { json: report } } : {}),
  },
});
