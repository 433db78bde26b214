/** The public API: what "gaugegrad" and "gaugegrad/runs" export as values. A name more or less is a decision, taken with the snapshot. */
import * as root from "gaugegrad";
import * as runs from "gaugegrad/runs";
import { expect, test } from "vitest";

const names = (entry: object): string => `${Object.keys(entry).sort().join("\n")}\n`;

test("names of the root and of the runs room", async () => {
  await expect(names(root)).toMatchFileSnapshot("__snapshots__/api-root.txt");
  await expect(names(runs)).toMatchFileSnapshot("__snapshots__/api-runs.txt");
});
