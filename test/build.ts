/** Builds dist before the tests, unless it is newer than every source: some of them run the command line and the package as users get them. */
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, statSync } from "node:fs";

const MAIN = "dist/cli/main.js";
const changed = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

export default function build(): void {
  const sources = [...readdirSync("src", { recursive: true, encoding: "utf8" }).map((f) => `src/${f}`), "tsconfig.json", "tsconfig.build.json"];
  if (Math.max(...sources.map(changed)) < changed(MAIN)) return;
  // tsc emits in spite of type errors; those are the business of `npm run typecheck`
  const { error } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "ignore" });
  if (error) throw error;
  chmodSync(MAIN, 0o755);
}
