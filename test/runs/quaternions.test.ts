/** Runs whose links of SU(2) are quaternions: those of matrices up to rounding, resumed with the same bits, and told apart from them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { latestCheckpoint } from "../../src/io/index.ts";
import type { CheckpointState } from "../../src/runs/records.ts";
import { cli } from "../cli/helpers.ts";
import { jobOnThreads } from "../ranks/threads.ts";

const directory = mkdtempSync(join(tmpdir(), "gaugegrad-quaternions-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (lines: string, group = "SU(2)", trajectories = 4): string => `group = "${group}"
[lattice]
extents = [4, 4]
${lines}
[start]
kind = "near-unit"
[action]
beta = 2.3
[[fermions]]
kind = "staggered"
mass = 0.5
flavours = 2
[sampler]
steps = 4
reunitarise = 2
seed = 3
thermalisation = 2
trajectories = ${trajectories}
`;

interface Line {
  readonly kind: string;
  readonly dH: number;
  readonly plaquette: number;
}

/** Trajectories of a folder. */
const linesOf = (folder: string): readonly Line[] => readFileSync(join(directory, folder, "metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as Line).filter((l) => l.kind === "trajectory");

/** Runs a text in a folder: exit code, what it said, and its trajectories. */
async function hmc(folder: string, text: string, ...more: readonly string[]): Promise<{ readonly code: number; readonly stderr: string; readonly lines: () => readonly Line[] }> {
  writeFileSync(join(directory, "run.toml"), text);
  const { code, stderr } = await cli(["hmc", "run.toml", "--dir", folder, "--quiet", ...more], { directory });
  return { code, stderr, lines: () => linesOf(folder) };
}

const numbers = (lines: readonly Line[]): readonly (readonly number[])[] => lines.map(({ dH, plaquette }) => [dH, plaquette]);

test("the numbers of matrices up to rounding; the same bits when it goes on", async () => {
  const whole = await hmc("whole", run("quaternions = true", "SU(2)", 7));
  expect(whole.code, whole.stderr).toBe(0);
  const matrices = await hmc("matrices", run("", "SU(2)", 7));
  const [q, m] = [numbers(whole.lines()), numbers(matrices.lines())];
  expect(q).toHaveLength(9);
  q.forEach((row, k) => row.forEach((x, j) => expect(x).toBeCloseTo(m[k]![j]!, 9)));
  expect(q).not.toEqual(m);
  expect((await hmc("part", run("quaternions = true"))).code).toBe(0);
  const part = await hmc("part", run("quaternions = true", "SU(2)", 7), "--extend");
  expect(part.code, part.stderr).toBe(0);
  expect(numbers(part.lines())).toEqual(q);
});

test("on ranks the bits of one process", async () => {
  const text = run("quaternions = true");
  const whole = await hmc("alone", text);
  expect(whole.code, whole.stderr).toBe(0);
  writeFileSync(join(directory, "divided.toml"), text);
  await jobOnThreads(2, ["[1,2]", "1", directory, join(directory, "ranks"), "hmc", "divided"]);
  expect(numbers(linesOf(join("ranks", "divided")))).toEqual(numbers(whole.lines()));
  const linksOf = (folder: string): unknown => (latestCheckpoint(join(directory, folder))!.state as CheckpointState).links;
  expect(linksOf(join("ranks", "divided"))).toEqual(linksOf("alone"));
});

test("a run keeps what it began with; other groups and backends are refused in one line", async () => {
  expect((await hmc("kept", run("quaternions = false"))).code).toBe(0);
  expect((await hmc("kept", run(""))).code).toBe(0);
  const other = await hmc("kept", run("quaternions = true"));
  expect([other.code, other.stderr]).toEqual([3, expect.stringMatching(/lattice\.quaternions: .*expected the same physics/)]);
  const su3 = await hmc("su3", run("quaternions = true", "SU(3)"));
  expect([su3.code, su3.stderr]).toEqual([3, expect.stringMatching(/lattice\.quaternions: got true for SU\(3\), expected SU\(2\): leave it out/)]);
  const plain = await hmc("interpreted", run("quaternions = true"), "--backend", "interpret");
  expect([plain.code, plain.stderr]).toEqual([3, expect.stringMatching(/quaternions: got backend interpret, expected backend js, wasm, native or cuda/)]);
});
