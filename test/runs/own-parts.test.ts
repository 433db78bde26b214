/** Run files with parts of the user's own: a layer in TypeScript is trained and sampled, killed, moved and resumed; what is wrong with a module is one line. */
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { moduleHash } from "../../src/runs/modules/own-parts.ts";
import { cli } from "../cli/helpers.ts";
import { Scratch, finalBits, smallRun, start } from "../cli/runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

const STAPLE = `import { type Links, adj, mul, staples } from "gaugegrad";
export const loop = (U: Links, mu: number) => mul(staples(U, mu), adj(U[mu]!));
`;
const GATED = `import { type Links, exp, layer, mul, real, scale, ta, chain } from "gaugegrad";
import { network, z } from "gaugegrad/runs";
import { loop } from "./staple.ts";

enum Direction { forward = 1 }
const step = (rho: number) => layer({
  name: "gated",
  params: { rho: real(rho) },
  forward: (U, { rho: r }) => U.map((mu) => mul(exp(ta(scale(r, loop(U, mu)))), U[mu]!)) as Links,
});
export default network({
  name: "gated",
  options: z.strictObject({ layers: z.int().min(1).max(64).default(1), rho: z.number().default(0.02) }),
  build: ({ layers, rho }) => chain(...Array.from({ length: layers * Direction.forward }, () => step(rho))),
});
`;
const MEASURED = `import { plaquettes } from "gaugegrad";
import { observable, z } from "gaugegrad/runs";
export const squared = observable({ name: "squared", options: z.strictObject({ shift: z.number().default(0) }), measure: (U, { shift }) => plaquettes(U).mean ** 2 + shift });
`;

/** A folder with a run file and its modules. */
function project(options: Parameters<typeof smallRun>[0] = {}): { folder: string; file: string } {
  const folder = scratch.path();
  mkdirSync(folder);
  const own = smallRun(options).replace('kind = "covariant"\nlayers = 1', 'module = "./gated.ts"\nlayers = 2').replace('observables = ["polyakov"', 'observables = [{ module = "./measured.ts", name = "squared", shift = 1.0 }, "polyakov"');
  for (const [name, text] of [["run.toml", own], ["gated.ts", GATED], ["staple.ts", STAPLE], ["measured.ts", MEASURED]] as const) writeFileSync(join(folder, name), text);
  return { folder, file: join(folder, "run.toml") };
}

test("a layer in a TypeScript file is trained and sampled; killed twice and moved to another folder in between, it ends with the same bits", { timeout: 600_000 }, async () => {
  const { folder, file } = project({ train: 15, sample: 60 });
  const whole = join(folder, "whole");
  expect(await start(["slhmc", file, "--dir", whole, "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  let at = folder;
  const moved = [`${folder}-moved`, `${folder}-again`];
  for (const next of moved) {
    const { child, ended } = start(["slhmc", join(at, "run.toml"), "--dir", join(at, "broken"), "--quiet"]);
    const lines = (): number => {
      try {
        return readFileSync(join(at, "broken/metrics.jsonl"), "utf8").split("\n").length;
      } catch {
        return 0;
      }
    };
    const before = lines();
    while (lines() < before + 25) await setTimeout(2);
    child.kill("SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    renameSync(at, next);
    at = next;
  }
  expect(await start(["slhmc", join(at, "run.toml"), "--dir", join(at, "broken"), "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  expect(finalBits(join(at, "broken"))).toEqual(finalBits(join(at, "whole")));
  const lines = readFileSync(join(at, "whole/metrics.jsonl"), "utf8").trim().split("\n").map((l) => JSON.parse(l) as { kind: string; values: Record<string, number>; plaquette: number });
  const k = lines.findIndex((l) => l.kind === "measurement");
  expect(lines[k]!.values["squared"]).toBeCloseTo(lines[k - 1]!.plaquette ** 2 + 1, 13);
  // the model file is used again with the module beside it
  const again = readFileSync(join(at, "run.toml"), "utf8").replace('module = "./gated.ts"\nlayers = 2', 'kind = "model"\nmodule = "./gated.ts"\nfile = "whole/model.gaugegrad"').replace(/\[training\][^[]*/, "");
  writeFileSync(join(at, "again.toml"), again);
  expect(await start(["slhmc", join(at, "again.toml"), "--dir", join(at, "again"), "--quiet"]).ended).toMatchObject({ code: 0, stderr: "" });
  for (const report of [["report", join(at, "whole"), "--flow-time", "0"], ["cite", join(at, "whole/config.toml")]]) expect(await start(report).ended).toMatchObject({ code: 0, stderr: "" });
});

test("another text of the module, or of what it imports, is another run; its path is not", async () => {
  const { folder, file } = project({ train: 1, sample: 1 });
  const hash = async (at: string): Promise<string> => (JSON.parse((await cli(["slhmc", at, "--dry-run", "--json"])).stdout) as { configurationHash: string }).configurationHash;
  const before = await hash(file);
  mkdirSync(join(folder, "deeper/parts"), { recursive: true });
  for (const name of ["gated.ts", "staple.ts", "measured.ts"]) cpSync(join(folder, name), join(folder, "deeper/parts", name));
  const moved = readFileSync(file, "utf8").replaceAll('"./', '"./parts/');
  writeFileSync(join(folder, "deeper/run.toml"), moved);
  expect(await hash(join(folder, "deeper/run.toml"))).toBe(before);
  const text = moduleHash(join(folder, "gated.ts"));
  writeFileSync(join(folder, "staple.ts"), `${STAPLE}// the same, differently\n`);
  expect(moduleHash(join(folder, "gated.ts"))).not.toBe(text);
  expect(await hash(file)).not.toBe(before);
});

const declared = (name: string, body: string): string => `import { network, z } from "gaugegrad/runs";\nexport default network({ name: "${name}", options: z.strictObject({}), build: () => ${body} });\n`;
test.each([
  ["a module that is not there", undefined, "", 5, /own\.ts: .*ENOENT/],
  ["a syntax error", "export default {;", "", 5, /own\.ts.*: got a syntax error/],
  ["code that fails", "throw new Error('on purpose');", "", 3, /own\.ts: got "on purpose" while loading/],
  ["no default export", "export const x = 1;", "", 3, /network\.module: got no export default in \.\/own\.ts, expected what network\(\{ \.\.\. \}\) of gaugegrad\/runs makes\n/],
  ["no part", "export default 3;", "", 3, /got the export default that declares no part/],
  ["a part of another family", MEASURED.replace("export const squared =", "export default"), "", 3, /got a part of the family observable/],
  ["another name", `${declared("gated", "3")}`, 'name = "other"', 3, /got no export other .*: it has a default export/],
  ["a builder that returns nonsense", declared("odd", "3"), "", 3, /network odd: got a number from its builder, expected a layer/],
  ["a builder that fails", declared("odd", "(undefined as never as () => never)()"), "", 3, /network odd: its builder failed \(.*not a function\), expected one that works/],
  ["a name that is taken", declared("stout", "3"), "", 3, /network: got a second part with the name "stout"/],
  ["an option that the schema lacks", declared("odd", "3"), "layers = 2", 3, /network\.layers: got an unknown key/],
  ["a kind beside the module", declared("odd", "3"), 'kind = "stout"', 3, /network\.kind: got "stout" with a module that declares "odd"/],
])("%s: one line and the right exit code", async (_, text, more, code, message) => {
  const folder = scratch.path();
  mkdirSync(folder);
  if (text !== undefined) writeFileSync(join(folder, "own.ts"), text);
  writeFileSync(join(folder, "run.toml"), smallRun().replace('kind = "covariant"\nlayers = 1', `module = "./own.ts"\n${more}`));
  const r = await cli(["slhmc", join(folder, "run.toml"), "--dir", join(folder, "out"), "--quiet"]);
  expect([r.code, r.stdout]).toEqual([code, ""]);
  expect(r.stderr).toMatch(/^gaugegrad: [^\n]+\n$/);
  expect(r.stderr).toMatch(message);
});

test("an observable that gives no number, a forward map that fails: exit code 3 and the part's name", async () => {
  const folder = scratch.path();
  mkdirSync(folder);
  const file = join(folder, "run.toml");
  writeFileSync(join(folder, "bad.ts"), `import { observable, network, z } from "gaugegrad/runs";\nimport { layer, real } from "gaugegrad";\nexport const text = observable({ name: "text", options: z.strictObject({}), measure: () => "much" as never });\nexport const broken = network({ name: "broken", options: z.strictObject({}), build: () => layer({ name: "broken", params: { w: real(1) }, forward: (U) => U.nothing() as never }) });\n`);
  writeFileSync(file, smallRun({ thermalise: 0, train: 1, sample: 1 }).replace('["polyakov"', '[{ module = "./bad.ts", name = "text" }'));
  const measured = await cli(["hmc", file, "--dir", join(folder, "a"), "--quiet"]);
  expect([measured.code, measured.stderr]).toEqual([3, expect.stringMatching(/observable text: got a string, expected a number, or numbers by name\n$/)]);
  writeFileSync(file, smallRun({ thermalise: 1 }).replace('kind = "covariant"\nlayers = 1', 'module = "./bad.ts"\nname = "broken"'));
  const forward = await cli(["slhmc", file, "--dir", join(folder, "b"), "--quiet"]);
  expect([forward.code, forward.stderr]).toEqual([3, expect.stringMatching(/network broken: its forward map failed \(.*not a function\)/)]);
});
