import { defineConfig } from "vitest/config";
import { alias } from "./vitest.config.ts";

/** Long runs against published and exact numbers: `npm run test:physics`, hours rather than minutes. */
export default defineConfig({
  resolve: { alias },
  test: { include: ["test/physics/**/*.physics.ts"], globalSetup: ["test/build.ts"], testTimeout: 3_600_000, hookTimeout: 3_600_000, maxWorkers: 2, reporters: ["verbose"] },
});
