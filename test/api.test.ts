/** The public API: what each entry of the package exports as values. A name more or less is a decision, taken with the snapshots. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const { exports } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as { exports: Record<string, unknown> };
const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json")).map((entry) => entry.slice(2));

test.each(entries)("names of gaugegrad/%s", async (entry) => {
  const names = Object.keys((await import(entry === "" ? "gaugegrad" : `gaugegrad/${entry}`)) as object).sort();
  await expect(`${names.join("\n")}\n`).toMatchFileSnapshot(`__snapshots__/api-${entry || "root"}.txt`);
});
