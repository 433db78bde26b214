/** What may lead molecular dynamics: exact determinants of any operator, loops, fields shared with the target, a part of a ratio; and what is refused. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigurationError, determinantAction, staggered } from "gaugegrad";
import { type RunDefinition, bibliography, builtIn, defineRun, fermion, parseRun, produce, readRun, resolveRun, z } from "gaugegrad/runs";
import { buildSystem } from "../../src/runs/system/system.ts";
import { heavy } from "./toys.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-guides-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(root, String(folders++));

const base: RunDefinition = {
  group: "U(1)", lattice: { extents: [4, 4] }, start: { kind: "hot" }, action: { beta: 2 }, sampler: { steps: 6, seed: 3, thermalisation: 40, trajectories: 300 }, checks: { every: 150 },
  fermions: [{ kind: "staggered", flavours: 2, mass: 0.3, exact: true }],
};

async function run(definition: RunDefinition): Promise<ReturnType<typeof readRun>> {
  const at = folder();
  for await (const _ of produce({ run: defineRun(definition), folder: at })) void _;
  return readRun(at);
}

const summaryOf = async (d: RunDefinition) => (await run(d)).summary() as never as { plaquette: { mean: number; error: number }; acceptance: { mean: number }; expMinusDH: { mean: number; error: number } };

describe("one target, the exact determinant of m = 0.3 with two tastes: the same plaquette and <exp(-dH)> = 1 under every guide", () => {
  const guides: readonly (readonly [string, RunDefinition, number])[] = [
    ["the target itself", base, 0.95],
    ["another mass", { ...base, guide: { masses: [0.5] } }, 0.8],
    ["no fermions at all", { ...base, guide: { fermions: [] } }, 0.3],
    ["no fermions, loops", { ...base, guide: { fermions: [], action: { kind: "loops", beta: 1, loops: [{ name: "plaquette", weight: 2.1 }, { name: "rectangle", weight: 0.02 }] } } }, 0.3],
    ["Wilson fermions", { ...base, guide: { fermions: [{ kind: "wilson", flavours: 2, kappa: 0.24, exact: true }] } }, 0.5],
    ["exact on smeared links", { ...base, guide: { masses: [0.4] }, network: { kind: "stout", rho: 0.02 } }, 0.8],
    ["a pseudofermion target in a ratio, of which only the heavy part leads", { ...base, fermions: [{ kind: "staggered", flavours: 2, mass: 0.3, over: 0.5 }, { kind: "staggered", flavours: 2, mass: 0.5 }], guide: { fields: [1] } }, 0.5],
    ["another operator on the target's own field", { ...base, fermions: [{ kind: "staggered", flavours: 2, mass: 0.3 }], guide: { fermions: [{ kind: "staggered", flavours: 2, mass: 0.35, twist: [0, 0.02], shares: 0 }] } }, 0.4],
    ["time scales of their own", { ...base, guide: { masses: [0.4] }, sampler: { seed: 4, thermalisation: 40, trajectories: 300, levels: [{ force: "fermions", integrator: "omelyan", steps: 3 }, { force: "gauge", integrator: "omelyan", steps: 2 }] } }, 0.8],
  ] as never;
  const found: { mean: number; error: number }[] = [];
  test.each(guides)("%s", async (_name, definition, least) => {
    const { plaquette, acceptance, expMinusDH } = await summaryOf(definition);
    expect(acceptance.mean).toBeGreaterThan(least);
    expect(Math.abs(expMinusDH.mean - 1)).toBeLessThan(4 * expMinusDH.error);
    found.push(plaquette);
  }, 120_000);

  test("their plaquettes agree", () => {
    const weights = found.map((x) => 1 / x.error ** 2);
    const mean = found.reduce((s, x, k) => s + x.mean * weights[k]!, 0) / weights.reduce((s, w) => s + w, 0);
    for (const x of found) expect(Math.abs(x.mean - mean)).toBeLessThan(4 * x.error);
  });
});

test("a ratio of an operator and itself is refused", () => {
  for (const fermions of [[{ kind: "staggered", flavours: 2, mass: 0.3, over: 0.3 }], [{ kind: "wilson", flavours: 2, kappa: 0.2, over: 0.2, exact: true }]])
    expect(() => buildSystem(defineRun({ ...base, fermions } as never), {})).toThrow(/got over = 0\.[23], the operator's own value, expected another one/);
});

test("a user's own operator is target and guide; one with a field of its own is no guide", async () => {
  const exact = fermion({ name: "mine", options: z.strictObject({ m0: z.number() }), build: ({ m0 }) => determinantAction<number, { readonly mass: number }>(staggered({ mass: m0 }), { flavours: 2 }) as never });
  const system = buildSystem(defineRun({ ...base, fermions: [{ kind: exact, m0: 0.3 }], guide: { fermions: [{ kind: exact, m0: 0.4 }] } }), {});
  const built = buildSystem(defineRun({ ...base, guide: { masses: [0.4] } }), {});
  expect(system.target.value(system.U)).toBeCloseTo(built.target.value(built.U), 10);
  expect(system.guide!.at().whole.value(system.U)).toBeCloseTo(built.guide!.at().whole.value(built.U), 10);
  expect(() => buildSystem(defineRun({ ...base, guide: { fermions: [{ kind: heavy, m0: 0.3 }] } }), {})).toThrow(/guide\.fermions\[0\]: got pseudofermions of the guide's own.*samples another distribution/);
});

describe("run files", () => {
  const text = (guide: string, fermions = 'flavours = 2\nmass = 0.3\nexact = true'): string => `group = "U(1)"\n[lattice]\nextents = [4, 4]\n[action]\nbeta = 2.0\n[fermions]\n${fermions}\n${guide}\n[sampler]\nsteps = 3\n`;
  const resolved = (t: string) => resolveRun("slhmc", { configuration: parseRun(t, "test"), base: ".", registry: builtIn });

  test("combinations that are allowed", () => {
    for (const guide of ["[guide]\nmasses = [0.4]", "[guide]\nfermions = []", '[guide.fermions]\nkind = "wilson"\nkappa = 0.2\nexact = true', '[[guide.fermions]]\nflavours = 2\nmass = 0.5\nexact = true']) resolved(text(guide));
    expect(resolved(text('[guide.fermions]\nflavours = 1\nmass = 0.5\nexact = true')).configuration.guide.fermions).toEqual([{ kind: "staggered", flavours: 1, mass: 0.5, exact: true, tolerance: 1e-12, maxIterations: 5000 }]);
    expect(bibliography(resolved(text("[guide]\nfermions = []")).configuration, builtIn).entries.map((e) => e.eprint)).toContain("2103.11965");
  });

  test.each([
    ["[guide.fermions]\nflavours = 2\nmass = 0.4", /guide\.fermions\[0\]: got pseudofermions of the guide's own, expected exact = true, or shares .*Metropolis step does not divide out/],
    ["[guide.fermions]\nflavours = 2\nmass = 0.4\nshares = 1", /guide\.fermions\[0\]\.shares: got 1, expected numbers from 0 to 0/],
    ["[guide.fermions]\nflavours = 2\nmass = 0.4\nshares = 0", /shares: got 0, an exact determinant, expected pseudofermions/],
    ["[guide.fermions]\nflavours = 2\nmass = 0.4\nexact = true\nshares = 0", /together with exact = true/],
    ["[guide]\nfields = [1]", /guide\.fields: got 1/],
    ["[guide]\nfields = [0, 0]", /each number once/],
    ["[guide]\nfields = [0]\nmasses = [0.4]", /guide\.masses: got it together with guide\.fields/],
    ["[guide.fermions]\nflavours = 2\nmass = 0.4\nexact = true\nunknown = 1", /unknown/],
  ])("refused: %s", (guide, message) => {
    expect(() => resolved(text(guide))).toThrow(message);
    expect(() => resolved(text(guide))).toThrow(ConfigurationError);
  });

  test("a field on another space cannot be shared", () => {
    const run = resolved(text('[guide.fermions]\nkind = "wilson"\nkappa = 0.2\nshares = 0', "flavours = 2\nmass = 0.3"));
    expect(() => buildSystem(run, {})).toThrow(/phi/);
  });
});

describe("runs that are left and taken up again end with the bits of whole ones", () => {
  const loops = { kind: "loops", beta: 1, loops: [{ name: "plaquette", weight: 2.2 }, { name: "polyakov-space", weight: 0 }, { name: "polyakov-t", weight: 0 }] };
  const short = { seed: 7, thermalisation: 2, trajectories: 4 };
  test.each([
    ["regressed loops as proposals", { ...base, guide: { fermions: [], action: loops, trainable: ["gauge.weights"] }, training: { objective: "squared", optimiser: "regression", trajectories: 8 }, sampler: { kind: "slmc", ...short } }, 14],
    ["regressed loops beside an exact determinant", { ...base, guide: { masses: [0.5], action: loops, trainable: ["gauge.weights"] }, training: { objective: "squared", optimiser: "regression", trajectories: 8 }, sampler: { steps: 3, ...short } }, 14],
    ["a ratio in fields of power 1/4", { ...base, fermions: [{ kind: "staggered", flavours: 2, mass: 0.3, over: 0.5, roots: 4 }, { kind: "staggered", flavours: 2, mass: 0.5 }], guide: { fields: [1] }, sampler: { steps: 3, ...short } }, 6],
  ] as never as readonly (readonly [string, RunDefinition, number])[])("%s", async (_name, definition, total) => {
    const d = { ...definition, output: { checkpoint: 3 }, checks: { every: 5 } };
    const [whole, parts] = [folder(), folder()];
    for await (const _ of produce({ run: defineRun(d), folder: whole })) void _;
    for (let k = 1; k < 3; k++) for await (const event of produce({ run: defineRun(d), folder: parts })) if (event.kind === "trajectory" && event.trajectory === 4 * k) break;
    for await (const _ of produce({ run: defineRun(d), folder: parts })) void _;
    const bits = (at: string): unknown => ({ metrics: readRun(at).read().metrics, links: readRun(at).read().state!.links });
    expect(readRun(whole).read().metrics.filter((m) => m.kind === "trajectory")).toHaveLength(total);
    expect(bits(parts)).toEqual(bits(whole));
  }, 120_000);

  test("weights are refused where they would not be a regression", () => {
    const training = { objective: "squared", optimiser: "regression", trajectories: 8 };
    const guide = { fermions: [], action: loops, trainable: ["gauge.weights"] };
    expect(() => defineRun({ ...base, guide, training: { ...training, objective: "centred" } } as never)).toThrow(/training\.optimiser: got regression with objective centred/);
    expect(() => defineRun({ ...base, guide, training: { ...training, batch: 4 } } as never)).toThrow(/batch or replay/);
    expect(() => defineRun({ ...base, guide: { masses: [0.4], action: loops }, sampler: { kind: "slmc" } } as never)).toThrow(/expected fermions = \[\]/);
    expect(() => defineRun({ ...base, sampler: { kind: "slmc" } } as never)).toThrow(/slmc without guide\.action/);
  });
});
