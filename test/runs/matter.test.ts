/** Matter in run files: phi^4 theory without links, a Higgs field with them; exact averages, interrupted runs, mistakes. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Real, fieldAction, scalarAction, scale, square, sub, sum } from "gaugegrad";
import { type ResolvedRun, type RunDefinition, defineRun, matter, parseRun, produce, readRun, resolveRun, starters, z } from "gaugegrad/runs";
import { RunReader, summaryOf } from "../../src/runs/index.ts";
import { builtIn } from "../../src/runs/parts/built-in.ts";
import { sectionsOf } from "../../src/report/index.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-matter-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

/** A run in a folder of its own; with `stops` interrupted after so many trajectories and gone on with. */
async function made(run: ResolvedRun, stops: readonly number[] = []): Promise<string> {
  const folder = join(root, String(folders++));
  for (const stop of [...stops, Infinity])
    for await (const event of produce({ run, folder })) if (event.kind === "trajectory" && event.position >= stop) break;
  return folder;
}
const lines = (folder: string): string => readFileSync(join(folder, "metrics.jsonl"), "utf8");
const within = (e: { readonly mean: number; readonly error: number }, exact: number, error = 0): void => void expect(Math.abs(e.mean - exact), `${e.mean} +- ${e.error}, expected ${exact}`).toBeLessThan(4 * Math.hypot(e.error, error));

const phi4: RunDefinition = { lattice: { extents: [6, 6] }, start: { kind: "near-unit" }, matter: { kind: "phi4", m2: -4, lambda: 6.975 }, sampler: { steps: 10, seed: 3, thermalisation: 20, trajectories: 1500 }, output: { checkpoint: 500 }, checks: { every: 700 } };
const higgs: RunDefinition = { group: "SU(2)", lattice: { extents: [4, 2] }, start: { kind: "near-unit" }, action: { beta: 2 }, matter: { kind: "higgs", kappa: 0.3, lambda: 0.4 }, measurement: { observables: ["moments", "higgsLink", "polyakov"] }, sampler: { steps: 4, seed: 3, trajectories: 9 }, output: { checkpoint: 2 }, checks: { every: 4 } };

test("phi^4 E1 from a run file: averages, susceptibility and Binder cumulant of PHYSICS-FLOWS.md 8; a report without links", async () => {
  const folder = await made(defineRun(phi4), [700]);
  const { estimates, alarms } = summaryOf(new RunReader(folder).read().metrics, null);
  for (const [name, value, error] of [["modulus", 0.14151, 0.00011], ["chi2", 1.0636, 0.0014], ["chi", 0.34276, 0.00037], ["phi2", 0.161378, 0.000028], ["phi4", 0.052572, 0.000017], ["neighbours", 0.058357, 0.000034], ["binder", 0.19162, 0.00073]] as const) within(estimates[`phi.${name}`]!, value, error);
  within(estimates["exp(-dH)"]!, 1);
  expect(alarms).toEqual([]);
  expect(estimates["plaquette"]).toBeUndefined();
  const text = JSON.stringify(sectionsOf(new RunReader(folder).read(), undefined, true));
  expect(text).not.toContain("laquette");
  expect(text).toContain("phi.chi2");
});

test("runs that were interrupted have the lines of those that were not", async () => {
  for (const definition of [{ ...phi4, sampler: { ...phi4.sampler, thermalisation: 2, trajectories: 8, masses: { phi: 1.5 } }, output: { checkpoint: 2 }, checks: { every: 3 } }, higgs, { ...higgs, sampler: { seed: 3, trajectories: 6, levels: [{ force: "matter", steps: 2 }, { force: "gauge", steps: 2 }] } }]) {
    const run = defineRun(definition);
    const [whole, parts] = [await made(run), await made(run, [1, 5])];
    expect(lines(parts)).toBe(lines(whole));
  }
});

test("a kind of one's own with two fields", async () => {
  const twin = matter({
    name: "twins", links: false, options: z.strictObject({ pull: z.number().default(0.5) }),
    build: ({ pull }) => {
      const S = scalarAction.phi4({ m2: 1, lambda: 0.5 });
      const one = <K extends string>(name: K) => fieldAction({ name, fields: { [name]: "real" } as { [key in K]: "real" }, inputs: S.inputs, evaluate: (f, inputs) => S.evaluate({ phi: (f as Record<string, Real>)[name]! }, inputs) });
      const pulling = fieldAction({ name: "pull", fields: { x: "real", y: "real" }, inputs: { pull }, evaluate: ({ x, y }, { pull: k }) => scale(k, sum(square(sub(x, y)))) });
      return one("x").plus(one("y")).plus(pulling) as never;
    },
  });
  const folder = await made(defineRun({ lattice: { extents: [4, 4] }, matter: { kind: twin }, sampler: { steps: 6, seed: 1, thermalisation: 10, trajectories: 200 }, checks: { every: 0 } }));
  const { estimates } = summaryOf(new RunReader(folder).read().metrics, null);
  // both fields have one distribution
  const [x, y] = [estimates["x.phi2"]!, estimates["y.phi2"]!];
  within(x, y.mean, y.error);
  expect(readRun(folder).summary()["expMinusDH"]).toBeDefined();
});

test("starters are whole, and mistakes are said", () => {
  for (const name of ["phi4-hmc", "higgs-hmc"]) {
    const { text, command } = starters.find((s) => s.name === name)!;
    expect(resolveRun(command, { configuration: parseRun(text, name), base: ".", registry: builtIn }).configuration.matter).toBeDefined();
  }
  const wrong = (definition: RunDefinition): (() => unknown) => () => defineRun(definition);
  expect(wrong({ ...phi4, action: { beta: 1 } })).toThrow("this matter knows no links");
  expect(wrong({ ...higgs, action: undefined } as never)).toThrow("action: got nothing with matter higgs");
  expect(wrong({ ...higgs, matter: undefined } as never)).toThrow("got moments without [matter]");
  expect(wrong({ ...phi4, measurement: { observables: ["polyakov"] } })).toThrow("got polyakov with matter phi4");
  expect(wrong({ ...higgs, sampler: { kind: "heatbath", seed: 1, trajectories: 1 } } as never)).toThrow("expected hmc");
  expect(wrong({ ...phi4, matter: { kind: "phi4", m2: -1, lambda: 0 } })).toThrow("m2");
  expect(wrong({ ...phi4, matter: { kind: "phi5" } })).toThrow("matter");
});
