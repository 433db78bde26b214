/** Parts from outside: a toy network, fermion and observable, each one declaration, in runs as the built-in ones. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ConfigurationError, GaugeAction, U1, cold, hot, lattice, plaquettes } from "gaugegrad";
import { type MeasurementRecord } from "gaugegrad/runs";
import { Registry, type RunDefinition, type RunEvent, bibliography, builtIn, defineRun, network, observable, produce, readRun, z } from "gaugegrad/runs";
import { buildSystem } from "../../src/runs/system/system.ts";
import { average, gated, heavy, plain } from "./toys.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-registry-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(root, String(folders++));

const base: RunDefinition = { group: "U(1)", lattice: { extents: [4, 4] }, start: { kind: "hot" }, action: { beta: 2 }, sampler: { steps: 4, seed: 3, trajectories: 4 }, checks: { every: 0 } };

async function made(definition: RunDefinition): Promise<{ events: RunEvent[]; at: string }> {
  const at = folder();
  const events: RunEvent[] = [];
  for await (const event of produce({ run: defineRun(definition), folder: at })) events.push(event);
  return { events, at };
}

test("a toy network is trained and sampled; alone and in a chain it is the stout step that it writes down", async () => {
  const { events } = await made({ ...base, network: { kind: gated, rho: 0.1 }, training: { trajectories: 3 } });
  expect(events.filter((e) => e.kind === "training")).toHaveLength(3);
  const end = events.at(-1) as Extract<RunEvent, { kind: "done" }>;
  expect(end).toMatchObject({ kind: "done", position: 7, parameters: { names: ["network.rho"] } });
  const theta = (d: RunDefinition): number[] => [...buildSystem(defineRun(d), {}).guide!.effective!.parameters];
  expect(theta({ ...base, network: { kind: gated, rho: 0.1 } })).toEqual([0.1]);
  const registry = builtIn.with(gated);
  const chained = (layer: object): number => {
    const { guide } = buildSystem(defineRun({ ...base, network: { kind: "chain", layers: [layer, { network: "stout", rho: 0.2 }] } }, { registry }), {});
    return guide!.at().whole.value(hot(lattice([4, 4]), U1, { seed: 1 }) as never);
  };
  expect(chained({ network: "gated", rho: 0.1 })).toBeCloseTo(chained({ network: "stout", rho: 0.1 }), 11);
});

test("a toy fermion kind gives the numbers of the kind that it stands for", async () => {
  const toy = await made({ ...base, fermions: [{ kind: heavy, m0: 0.5 }] });
  const known = await made({ ...base, fermions: [{ kind: "staggered", mass: 1.5, flavours: 2 }] });
  const dH = ({ events }: typeof toy): number[] => events.flatMap((e) => (e.kind === "trajectory" ? [e.dH] : []));
  expect(dH(toy)).toHaveLength(4);
  expect(dH(toy)).toEqual(dH(known));
});

test("a toy observable is measured, with and without options, and found in the summary", async () => {
  const { events, at } = await made({ ...base, sampler: { ...base.sampler, trajectories: 12 }, measurement: { observables: ["polyakov", average, { kind: average, power: 2 }] } });
  for (const e of events)
    if (e.kind === "measurement") {
      const { values } = e as MeasurementRecord;
      expect(values["average(2)"]).toBeCloseTo(values["average(1)"]! ** 2, 14);
    }
  const summary = readRun(at).summary();
  expect(summary["average(1)"]!.mean).toBeCloseTo(summary["plaquette"]!.mean, 12);
  expect(summary["acceptance"]!.mean).toBeGreaterThan(0);
  expect(Math.abs(summary["expMinusDH"]!.mean - 1)).toBeLessThan(0.2);
});

test("a toy action drives the same dynamics up to its constant", async () => {
  const [toy, known] = [await made({ ...base, action: { kind: plain, beta: 2 } }), await made(base)];
  const last = ({ events }: typeof toy): number => (events.findLast((e) => e.kind === "trajectory") as { plaquette: number }).plaquette;
  expect(last(toy)).toBeCloseTo(last(known), 12);
  expect(buildSystem(defineRun({ ...base, action: { kind: plain, beta: 2 } }), {}).gauge).toBeInstanceOf(GaugeAction);
});

test("leaving the loop saves, and the run goes on to the same bits", async () => {
  const run = defineRun({ ...base, sampler: { ...base.sampler, trajectories: 9 }, measurement: { observables: [average] } });
  const [whole, parts] = [folder(), folder()];
  for await (const event of produce({ run, folder: whole })) expect(event.total).toBe(9);
  for (let k = 0; k < 3; k++) for await (const event of produce({ run, folder: parts })) if (event.kind === "trajectory" && event.trajectory === 2 * k + 1) break;
  const stopped = new AbortController();
  stopped.abort("enough");
  const kinds: string[] = [];
  for await (const event of produce({ run, folder: parts, signal: stopped.signal })) kinds.push(event.kind === "stop" ? `${event.kind} ${event.reason} ${event.position}` : event.kind);
  expect(kinds).toEqual(["stop enough 6"]);
  for await (const event of produce({ run, folder: parts })) kinds.push(event.kind);
  const bits = (at: string): unknown => ({ metrics: readRun(at).read().metrics, links: readRun(at).read().state!.links });
  expect(bits(parts)).toEqual(bits(whole));
  const { events } = readRun(parts).read();
  expect(events.map((e) => e.kind)).toEqual(["start", "stop", "resume", "stop", "resume", "stop", "resume", "done"]);
});

test("options are checked by the schema of the part, names are taken once, cite names the sources", () => {
  expect(() => defineRun({ ...base, network: { kind: gated, rhoo: 1 } })).toThrow(/network\.rhoo: got an unknown key, expected one of kind, rho, .*did you mean rho\?/);
  expect(() => defineRun({ ...base, measurement: { observables: [{ kind: average, power: 0 }] } })).toThrow(/measurement\.observables\[0\]\.power: got 0, expected a number of at least 1/);
  expect(() => builtIn.with(network({ name: "stout", options: z.strictObject({}), build: () => undefined as never }))).toThrow(/network: got a second part with the name "stout"/);
  expect(() => defineRun({ ...base, network: network({ name: "nothing", options: z.strictObject({}), build: () => 3 as never }) }).registry.get("network", "nothin")).toThrow(/did you mean nothing\?/);
  expect(() => buildSystem(defineRun({ ...base, network: network({ name: "nothing", options: z.strictObject({}), build: () => 3 as never }) }), {})).toThrow(/network nothing: got a number from its builder, expected a layer/);
  expect(() => observable({ name: "two words", options: z.strictObject({}), measure: () => 1 })).toThrow(ConfigurationError);
  expect(() => observable({ name: "x", options: z.strictObject({ kind: z.string() }), measure: () => 1 })).toThrow(/got the option kind, expected another word/);
  const { configuration, registry } = defineRun({ ...base, network: gated });
  expect(bibliography(configuration, registry).entries.map((e) => e.eprint)).toEqual(["2103.11965"]);
  expect(new Registry([gated, gated]).list("network")).toEqual([gated]);
  expect(plaquettes(cold(lattice([4, 4]), U1)).mean).toBe(1);
});
