/** gaugegrad serve: the page follows the folder while a run goes on. */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPaths } from "../../src/runs/folder/folder.ts";
import { cli } from "./helpers.ts";
import { linesOf, makeRun, saveState } from "./run-folder.ts";

test("prints the address, shows the run, follows it, ends when interrupted", async () => {
  const { folder, run } = makeRun(40);
  const interrupt = new AbortController();
  let found: (url: string) => void;
  const address = new Promise<string>((done) => (found = done));
  const ended = cli(["serve", folder, "--flow-time", "0"], { interrupt: interrupt.signal, onOutput: (text) => found(text.trim()) });
  const url = await address;
  const response = await fetch(`${url}events`);
  let text = "";
  const steps: { wanted: string; act: () => void }[] = [
    { wanted: '"progress":"interrupted; the same command resumes it: trajectory 40 of 90"', act: () => appendFileSync(runPaths(folder).metrics, linesOf(40, 43).map((r) => `${JSON.stringify(r)}\n`).join("")) },
    { wanted: "trajectory 43 of 90", act: () => saveState(folder, run, 43, 6) },
    { wanted: '"version":2', act: () => interrupt.abort() },
  ];
  for await (const piece of response.body!) {
    text += Buffer.from(piece).toString();
    while (steps[0] && text.includes(steps[0].wanted)) steps.shift()!.act();
  }
  expect(steps).toEqual([]);
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: `${url}\n` });
  await expect(fetch(url)).rejects.toThrow();
  rmSync(folder, { recursive: true });
});

test("a folder that is no run, and a port that is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-foreign-"));
  const foreign = await cli(["serve", folder]);
  expect(foreign.code).toBe(5);
  expect(foreign.stderr).toMatch(/got no run\.json, expected the folder of a run/);
  expect((await cli(["serve", folder, "--port", "70000"])).code).toBe(2);
  expect((await cli(["serve", folder, "--port", "x"])).code).toBe(2);
  rmSync(folder, { recursive: true });
});
