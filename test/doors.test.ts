/**
 * Every function, class and method of the package's root and its rooms, called with hostile arguments: each call succeeds or throws a class of
 * src/errors.ts with one line. Nothing is asked about what succeeds.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as autograd from "../src/autograd/index.ts";
import * as linalg from "../src/linalg/index.ts";
import * as gauge from "../src/gauge/index.ts";
import * as fermions from "../src/fermions/index.ts";
import * as check from "../src/check/index.ts";
import * as samplers from "../src/samplers/index.ts";
import * as training from "../src/training/index.ts";
import * as models from "../src/models/index.ts";
import * as flows from "../src/flows/index.ts";
import * as exported from "../src/export/index.ts";
import * as io from "../src/io/index.ts";
import * as short from "../src/index.ts";
import { GaugegradError, type Links, type Scalar, SU, cold, lattice, number, realType, record, stout, sum } from "../src/index.ts";

/** The root, and everything that its rooms export beside it. */
const root = { ...autograd, ...linalg, ...gauge, ...fermions, ...check, ...samplers, ...training, ...models, ...flows, ...exported, ...io, ...short };
const { openTape } = autograd;

const here = process.cwd();
beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), "doors-"))));
afterAll(() => process.chdir(here));

const L = lattice([2, 2], { threads: 1 });
const M = lattice([2, 2, 2, 4], { threads: 1 });
const U = cold(L, SU(2));
const V = cold(M, SU(3));
const ended = openTape(L);
const old = ended.input(realType());
ended.finish([old]);

/** Traced values of an open recording, which exists only inside it. */
const open = openTape(L);
const real = open.input(realType());
const scalar = number(open, 2);

const hostile: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined], ["null", null], ["NaN", Number.NaN], ["-1", -1], ["0", 0], ["0.5", 0.5], ["2", 2], ["1e9", 1e9], ["Infinity", Number.POSITIVE_INFINITY], ["hello", "hello"], ["true", true],
  ["[]", []], ["{}", {}], ["[NaN]", [Number.NaN]], ["[-1, 3]", [-1, 3]], ["[undefined]", [undefined]], ["{ seed: NaN }", { seed: Number.NaN }], ["{ name: 3 }", { name: 3 }], ["{ beta: 'x' }", { beta: "x" }],
  ["async", async () => undefined], ["() => undefined", () => undefined], ["(x) => x", (x: unknown) => x], ["a date", new Date(0)], ["a promise", Promise.resolve(1)],
  ["Float64Array", new Float64Array(3)], ["links", U], ["other links", V], ["one direction", U.fields[0]], ["lattice", L], ["group", SU(2)], ["ended", old], ["real", real], ["scalar", scalar],
  ["layer", stout({ rho: 0.1 })],
];

/** Arguments that are right in their place, so that the next one is reached. */
const firsts: readonly (readonly unknown[])[] = [[], [U], [L], [L, SU(2)], [L, 2], [real], [real, real], [open], [stout({ rho: 0.1 })], ["+x"], [2], [(x: unknown) => x], ["x.file"], [{ name: "mine" }], [{ seed: 1 }]];

// below: engines outside of this package, and checks, which take long
const outside = new Set(["addDisplacements", "domainOf", "linkFieldBytes", "loadTfjs", "probeEngines", "check"]);
const wrong: string[] = [];

/** Calls, consuming generators a little; what it throws must be ours. */
function call(name: string, f: () => unknown, args: readonly unknown[]): void {
  const begin = performance.now();
  try {
    const result = f();
    if (result instanceof Promise) result.catch(() => undefined);
    else if (typeof (result as { next?: unknown } | undefined)?.next === "function") (result as Iterator<unknown>).next();
  } catch (error) {
    const e = error as Error;
    if (!(e instanceof GaugegradError)) wrong.push(`${name}(${args.map(text).join(", ")}): ${e?.constructor?.name}: ${e?.message} ${String(e?.stack).split("\n").slice(1, 4).join(" ")}`);
    else if (e.message.includes("\n")) wrong.push(`${name}(${args.map(text).join(", ")}): more than one line: ${e.message}`);
  }
  const time = performance.now() - begin;
  if (time > 20000) wrong.push(`${name}(${args.map(text).join(", ")}) took ${time.toFixed(0)} ms`);
}

const text = (x: unknown): string => hostile.find(([, y]) => Object.is(x, y))?.[0] ?? (typeof x === "object" ? "..." : String(x));

function attack(name: string, f: (...args: never[]) => unknown): void {
  call(name, () => f(), []);
  for (const first of firsts)
    for (const [, h] of hostile) {
      const args = [...first, h];
      call(name, () => f(...(args as never[])), args);
    }
}

const isClass = (f: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(f));
const entries = Object.entries(root).filter(([name, f]) => typeof f === "function" && !outside.has(name)) as [string, (...args: never[]) => unknown][];

describe("hostile arguments", { timeout: 120_000 }, () => {
  test.each(entries.filter(([, f]) => !isClass(f)))("%s", (name, f) => {
    wrong.length = 0;
    attack(name, f);
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  // the others are made by functions: hmc, cask, ...
  const classes = entries.filter(([name]) => ["Lattice", "Field", "DirectionalField", "Directional", "Plan", "GaugeAction", "Layer", "Tape"].includes(name)) as unknown as [string, new (...args: never[]) => unknown][];
  test.each(classes)("new %s", (name, C) => {
    wrong.length = 0;
    attack(`new ${name}`, (...args) => new C(...args));
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  const plan = record((W: Links): Scalar => sum(root.reTrace(root.plaquette(W, 0, 1))), U);
  const layer = stout({ rho: 0.1 });
  const instances: readonly (readonly [string, () => object])[] = [
    ["field", () => U.fields[0]!.clone()], ["links", () => U.clone()], ["lattice", () => L], ["plan", () => plan], ["action", () => root.gaugeAction.wilson({ beta: 2 })], ["layer", () => layer], ["gaugeAction", () => root.gaugeAction], ["losses", () => root.losses], ["schedules", () => root.schedules], 
    ["heatbath", () => root.heatbath({ beta: 2, seed: 1 })], ["hmc", () => root.hmc({ action: root.gaugeAction.wilson({ beta: 2 }), integrator: "omelyan", steps: 1, length: 0.1, seed: 1 })], ["flow", () => root.gradientFlow()],
    ["cask", () => root.cask()], ["network", () => root.covariantNetwork()],
    ["sgd", () => root.sgd()], ["adam", () => root.adam()], ["adamW", () => root.adamW()], ["gaussNewton", () => root.gaussNewton()],
    ["staggered operator", () => root.staggered({ mass: 0.1 })], ["wilson operator", () => root.wilson({ kappa: 0.1 })], ["domain-wall operator", () => root.domainWall({ mass: 0.1, Ls: 4 })],
  ];
  test.each(instances)("methods of a %s", (name, make) => {
    wrong.length = 0;
    const proto = Object.getPrototypeOf(make()) as object;
    const methods = new Set([...Object.keys(make()), ...(proto === Object.prototype ? [] : Object.getOwnPropertyNames(proto))].filter((m) => !["constructor", "dispose", "loops"].includes(m) && typeof Object.getOwnPropertyDescriptor(proto, m)?.get !== "function" && typeof (make() as Record<string, unknown>)[m] === "function"));
    for (const m of methods) attack(`${name}.${m}`, (...args) => (make() as Record<string, (...a: never[]) => unknown>)[m]!(...args));
    expect(methods.size).toBeGreaterThan(0);
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  test("check", () => {
    wrong.length = 0;
    for (const first of [[], [stout({ rho: 0.1 })], [stout({ rho: 0.1 }), U]]) for (const [, h] of hostile) call("check", () => root.check(...([...first, h] as unknown as Parameters<typeof root.check>)), [...first, h]);
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  test("engines that are loaded", async () => {
    const none = async (): Promise<unknown> => {
      throw new Error("no such package");
    };
    for (const f of [(h: unknown) => root.loadTfjs(h as never), (h: unknown) => root.loadTfjs({ engine: h } as never), (h: unknown) => root.loadTfjs({ engine: "tfjs-cpu", importer: none, precision: h } as never), (h: unknown) => root.loadTfjs({ engine: "tfjs-cpu", importer: none, module: h } as never), (h: unknown) => root.loadTfjs({ engine: "tfjs-cpu", importer: h } as never), (h: unknown) => root.probeEngines(typeof h === "function" ? none : (h === undefined ? none : h) as never)])
      for (const [name, h] of hostile) {
        const error: unknown = await f(h).catch((e: unknown) => e);
        if (error instanceof Error) expect([name, error instanceof GaugegradError, error.message.includes("\n")], error.message).toEqual([name, true, false]);
      }
  });
});
