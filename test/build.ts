/** Builds dist once before the tests: some of them run the command line and the package as users get them. */
import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";

export default function build(): void {
  // tsc emits in spite of type errors; those are the business of `npm run typecheck`
  const { error } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "ignore" });
  if (error) throw error;
  chmodSync("dist/cli/main.js", 0o755);
}
