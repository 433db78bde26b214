/** Run files whose fermions are operators of a module: targets, guides, shared fields, ratios and roots by the command line; what is not allowed is refused with its reason. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Scratch } from "../cli/runs.ts";
import { cli } from "../cli/helpers.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());
const module = join(import.meta.dirname, "../fermions/own-operators.ts");
let files = 0;
const U1 = 'group = "U(1)"\n[lattice]\nextents = [4, 4]\n[action]\nbeta = 2.0\n';
const file = (text: string, place = U1): string =>
  scratch.file(`run-${files++}.toml`, `${place}[start]\nkind = "near-unit"\n${text}\n[sampler]\nsteps = 5\nseed = 3\nthermalisation = 4\ntrajectories = 12\n[checks]\nevery = 6\n[measurement]\nobservables = []\n`);
const own = (name: string, more: string): string => `module = "${module}"\nname = "${name}"\n${more}\n`;
const twisted = (more: string): string => own("twisted", more);
const long = (more: string): string => own("long", more);
const SU2 = 'group = "SU(2)"\n[lattice]\nextents = [2, 2, 2, 2]\n[action]\nbeta = 2.3\n';

const runs = [
  ["a target of pseudofermions", "hmc", `[fermions]\n${twisted("mass = 0.5")}`],
  ["a target of roots", "hmc", `[fermions]\n${twisted("mass = 0.5\nroots = 2\ninterval = [0.05, 40.0]\nprecision = 1e-7")}`],
  ["exact target and exact guide", "slhmc", `[fermions]\n${twisted("mass = 0.5\nexact = true")}[guide.fermions]\n${twisted("mass = 0.55\nmu = 0.15\nexact = true")}`],
  ["the guide's mass alone", "slhmc", `[fermions]\n${long("mass = 0.4\nexact = true")}[guide]\nmasses = [0.5]\n`],
  ["a field of the target that another operator sees", "slhmc", `[fermions]\n${long("mass = 0.4")}[guide.fermions]\n${long("mass = 0.4\nc3 = -0.04\nshares = 0")}`],
  ["a ratio whose heavy part leads", "slhmc", `[[fermions]]\n${long("mass = 0.4\nover = 0.6")}[[fermions]]\n${long("mass = 0.6")}[guide]\nfields = [1]\n`],
  ["a guide for overlap fermions", "slhmc", `[fermions]\nkind = "overlap"\nmass = 0.2\nexact = true\n[guide.fermions]\n${twisted("mass = 0.2\nmu = 0.0\nr = 1.0\nexact = true\nflavours = 2")}`],
  ["a target that others lead", "slhmc", `[fermions]\n${long("mass = 0.4\nexact = true")}[guide.fermions]\nkind = "staggered"\nflavours = 2\nmass = 0.5\nexact = true\n`],
  ["roots on even sites without a normal operator", "slhmc", `[[fermions]]\n${own("global", "mass = 0.4\nover = 0.6\nroots = 2\ninterval = [0.1, 20.0]\nprecision = 1e-8")}[[fermions]]\n${own("global", "mass = 0.6")}[guide]\nfields = [1]\n`],
  ["no parameters, led by loops", "slhmc", `[fermions]\n${own("bare", "exact = true")}[guide]\nfermions = []\naction = { kind = "loops", beta = 1.0, loops = [{ name = "plaquette", weight = 2.1 }] }\n`],
  ["four dimensions, SU(2)", "slhmc", `[fermions]\n${twisted("mass = 1.0\nexact = true")}[guide.fermions]\n${twisted("mass = 1.1\nexact = true")}`, SU2],
  ["four dimensions, SU(2), pseudofermions", "hmc", `[fermions]\n${long("mass = 0.4")}`, SU2],
] as const;
test.each(runs)("%s", async (_name, command, text, place?: string) => {
  const folder = scratch.path();
  const r = await cli([command, file(text, place), "--dir", folder, "--json", "--quiet"]);
  expect([r.code, r.stderr]).toEqual([0, ""]);
  const { estimates } = JSON.parse(r.stdout) as { estimates: Record<string, { mean: number }> };
  expect(estimates["acceptance"]!.mean).toBeGreaterThan(0);
  expect(readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n").filter((l) => l.includes('"trajectory"')).length).toBeGreaterThanOrEqual(16);
}, 60_000);

describe("refused", () => {
  test.each([
    ["pseudofermions of the guide's own", `[fermions]\n${long("mass = 0.4")}[guide.fermions]\n${long("mass = 0.5")}`, 3, /guide\.fermions\[0\]: got pseudofermions of the guide's own, expected exact = true, or shares .*another distribution/],
    ["an unknown option", `[fermions]\n${long("mass = 0.4\nmas = 1")}[guide]\nmasses = [0.5]\n`, 3, /mas/],
    ["another number of fields", `[fermions]\n${long("mass = 0.4\nroots = 2\ninterval = [0.1, 12.0]")}[guide.fermions]\n${long("mass = 0.4\nshares = 0")}`, 3, /shares: got 1 fields for the 2 of/],
    ["an adjoint that is none", `[fermions]\nmodule = "${scratch.file("wrong.ts", `import { fermion, z } from "gaugegrad/runs";\nimport { twistedWilson } from "${module}";\nexport default fermion({ name: "wrong", options: z.strictObject({}), operator: () => ({ ...twistedWilson(0.5), on: (U, p) => { const { D } = twistedWilson(0.5).on(U, p); return { D, Ddag: D }; } }) });\n`)}"\n[guide]\nmasses = [0.5]\n`, 4, /correct Ddag/],
    ["no operator", `[fermions]\nmodule = "${scratch.file("none.ts", 'import { fermion, z } from "gaugegrad/runs";\nexport default fermion({ name: "none", options: z.strictObject({}), operator: () => 3 });\n')}"\n[guide]\nmasses = [0.5]\n`, 3, /fermions none: got no Dirac operator/],
  ])("%s", async (_name, text, code, message) => {
    const r = await cli(["slhmc", file(text), "--dir", scratch.path(), "--quiet"]);
    expect(r.stderr).toMatch(message);
    expect([r.code, r.stderr.trim().split("\n").length]).toEqual([code, 1]);
  });
});
