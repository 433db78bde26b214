/** `gaugegrad check`: user modules outside any package, their exit codes and messages. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cli } from "./helpers.ts";

const GATED = `
import { layer, real, plaquette, reTrace, constantReal, staples, add, adj, exp, mul, scale, scaleBy, shift, ta, tanh, type Links, type Real } from "gaugegrad";

/** Sum over the plaquettes that touch the site. */
function touching(U: Links): Real {
  const terms: Real[] = [];
  for (let mu = 0; mu < U.dim; mu++)
    for (let nu = mu + 1; nu < U.dim; nu++) {
      const p = reTrace(plaquette(U, mu, nu));
      terms.push(p, shift(p, mu, -1), shift(p, nu, -1), shift(shift(p, mu, -1), nu, -1));
    }
  return scaleBy(1 / (U.N * terms.length), add(terms[0]!, ...terms.slice(1)));
}

export default layer({
  name: "gated stout",
  params: { rho: real(0.1), w: real(0.7), b: real(0.2) },
  forward: (U, { rho, w, b }) => {
    const p = touching(U);
    return U.map((mu) => {
      const ends = scale(w, add(p, shift(p, mu)));
      const weight = tanh(add(ends, scale(b, constantReal(ends.tape, "one", () => 1))));
      return mul(exp(ta(scale(rho, scale(weight, mul(staples(U, mu), adj(U[mu]!)))))), U[mu]!);
    });
  },
});
`;
const DROPPED = GATED.replace("adj(U[mu]!)", "adj(U[(mu + 1) % U.dim]!)");
const WRONG = `
import { layer, real, customOp, staples, adj, exp, mul, scale, ta, type Matrix } from "gaugegrad";
const projected = customOp("projected", (m: Matrix) => ta(m), (_inputs, _output, cotangent) => [scale(2, ta(cotangent as Matrix))]);
export const wrong = layer({
  name: "wrong", params: { rho: real(0.1) },
  forward: (U, { rho }) => U.map((mu) => mul(exp(projected(scale(rho, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)),
});
`;
const SEVERAL = `
import { action, gaugeAction, sum, reTrace, plaquette, layer, real, scale, exp, ta, mul, adj, staples } from "gaugegrad";
import { beta } from "./coupling.ts";
export { helper } from "./helper.js";
enum Plane { first, second }
export const S = gaugeAction.wilson({ beta });
export const again = S;
export function makeAction() {
  return action({ name: "one plane", evaluate: (U) => sum(reTrace(plaquette(U, Plane.first, Plane.second))) });
}
export const anisotropic = layer({ name: "anisotropic", params: { s: real(0.1), t: real(0.2) }, forward: (U, { s, t }) => U.map((mu) => mul(exp(ta(scale(mu === U.dim - 1 ? t : s, mul(staples(U, mu), adj(U[mu]!))))), U[mu]!)) });
export const unrelated = 3;
`;
const FILES: Readonly<Record<string, string>> = {
  "gated.ts": GATED,
  "dropped.ts": DROPPED,
  "wrong.ts": WRONG,
  "several.ts": SEVERAL,
  "coupling.ts": "export const beta: number = 2.3;\n",
  "helper.ts": "export const helper = (x: number): number => x;\n",
  "plain.js": 'import { gaugeAction } from "gaugegrad";\nexport default gaugeAction.wilson({ beta: 2 });\n',
  "rooms.ts": 'import { gaugeAction } from "gaugegrad/gauge";\nimport type { Links } from "gaugegrad/autograd";\nexport type L = Links;\nexport default gaugeAction.wilson({ beta: 2 });\n',
  "syntax.ts": 'import { layer } from "gaugegrad";\n\nconst x: = 1;\n',
  "nothing.ts": "export const beta = 2.7;\nexport function add(a: number, b: number) { return a + b; }\n",
  "lost.ts": 'import { x } from "./no-such-file.ts";\nexport default x;\n',
  "throws.ts": "const nothing = undefined as unknown as { f(): void };\nnothing.f();\n",
  "typeonly.ts": 'import { Links, gaugeAction } from "gaugegrad";\nexport default gaugeAction.wilson({ beta: 2 }) satisfies object as unknown as Links;\n',
};

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "gaugegrad-check-"));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const small = ["--lattice", "3,3,2"];

describe("in-process", () => {
  test("an unseen layer passes", async () => {
    const r = await cli(["check", "gated.ts", ...small], { directory });
    expect(r.stderr).toBe("");
    expect(r.code).toBe(0);
    expect(r.stdout).toMatch(/^export default: gated stout: layer on SU\(2\), 3x3x2, seed 0\n/);
    for (const name of ["gradient", "parameter gradient", "second order", "transpose", "linearity", "gauge covariance", "translation x", "rotation xy", "axis exchange xt", "reflection t", "charge conjugation", "unitarity", "determinant"])
      expect(r.stdout).toMatch(new RegExp(`^${name} +pass`, "m"));
    expect(r.stdout.trimEnd()).toMatch(/\npassed$/);
  });
  test("a dropped shift is refused while recording", async () => {
    const r = await cli(["check", "dropped.ts", ...small], { directory });
    expect(r.code).toBe(4);
    expect(r.stderr).toMatch(/^gaugegrad: mul: A ends at \+x but B starts at \+?\w+: got A .* shift B.*\n$/);
    expect(r.stdout).toBe("");
  });
  test("a wrong rule fails with the ratio", async () => {
    const r = await cli(["check", "wrong.ts", "--group", "su3", "--lattice", "3,2", "--seed", "7", "--start", "near-unit", "--width", "0.4"], { directory });
    expect(r.code).toBe(4);
    expect(r.stderr).toBe("");
    expect(r.stdout).toMatch(/^rule of projected +fail.* 2\.000000 /m);
    expect(r.stdout).toMatch(/^gradient: worst at \[\d,\d\] [xt]; /m);
    expect(r.stdout).toContain("seed 7");
  });
  test("several exports, factories, accepted symmetries, JSON", async () => {
    const all = await cli(["check", "several.ts", ...small, "--json", "--require", "rotations, reflections"], { directory });
    expect(all.code).toBe(4);
    const reports = JSON.parse(all.stdout) as { export: string; name: string; passed: boolean; seed: number; items: { name: string; status: string }[] }[];
    expect(reports.map((x) => [x.name, x.passed]).sort()).toEqual([["Wilson", true], ["anisotropic", false], ["one plane", false]]);
    expect(reports.find((x) => x.name === "anisotropic")!.items.filter((i) => i.status === "fail").map((i) => i.name)).toEqual(["axis exchange xt", "axis exchange yt"]);
    const accepted = await cli(["check", "several.ts", ...small, "--accept", "rotations", "--only", "anisotropic"], { directory });
    expect(accepted.code).toBe(0);
    expect(accepted.stdout).toMatch(/^axis exchange xt +accepted/m);
    const reported = await cli(["check", "several.ts", ...small, "--only", "anisotropic"], { directory });
    expect(reported.code).toBe(0);
    expect(reported.stdout).toMatch(/^axis exchange xt +broken/m);
  });
  test("U(1) in two dimensions from JavaScript", async () => {
    const r = await cli(["check", "plain.js", "--group", "u1", "--lattice", "4,3"], { directory });
    expect([r.code, r.stderr]).toEqual([0, ""]);
    expect(r.stdout).toContain("action on U(1), 4x3");
  });
  test("what cannot be read, parsed or checked", async () => {
    const missing = await cli(["check", "absent.ts"], { directory });
    expect(missing.code).toBe(5);
    expect(missing.stderr).toMatch(/absent\.ts: cannot be opened \(ENOENT.*check the path\n$/);
    const syntax = await cli(["check", "syntax.ts"], { directory });
    expect(syntax.code).toBe(5);
    expect(syntax.stderr).toMatch(/^gaugegrad: syntax\.ts, line 3: got a syntax error \(Unexpected token `=`.*\n$/);
    const nothing = await cli(["check", "nothing.ts"], { directory });
    expect(nothing.code).toBe(3);
    expect(nothing.stderr).toMatch(/^gaugegrad: nothing\.ts: got the exports (beta, add|add, beta), expected a layer or an action: export layer\(/);
    expect((await cli(["check", "several.ts", "--only", "none"], { directory })).code).toBe(3);
    const usage = await cli(["check", "gated.ts", "--accept", "parity"], { directory });
    expect(usage.code).toBe(2);
    expect(usage.stderr).toContain("charge-conjugation");
    expect((await cli(["check"], { directory })).code).toBe(2);
  });
});

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");

describe("built command", () => {
  const gaugegrad = (...argv: string[]) => {
    const r = spawnSync(process.execPath, [main, "check", ...argv], { cwd: directory, encoding: "utf8" });
    return { code: r.status, stdout: r.stdout, stderr: r.stderr };
  };
  test("resolves gaugegrad for a module outside any package, and its TypeScript neighbours", () => {
    const r = gaugegrad("several.ts", "--lattice", "3,2", "--only", "S");
    expect(r).toMatchObject({ code: 0, stderr: "" });
    expect(r.stdout).toContain("Wilson: action on SU(2), 3x2");
    expect(gaugegrad("rooms.ts", "--lattice", "3,2")).toMatchObject({ code: 0, stderr: "" });
    expect(gaugegrad("plain.js", "--lattice", "3,2")).toMatchObject({ code: 0, stderr: "" });
  });
  test("inside another package", () => {
    const inner = join(directory, "project", "src");
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(directory, "project", "package.json"), '{ "name": "mine", "type": "commonjs" }');
    writeFileSync(join(inner, "wrong.ts"), WRONG);
    const r = gaugegrad(join("project", "src", "wrong.ts"), "--lattice", "3,2");
    expect([r.code, r.stderr]).toEqual([4, ""]);
    expect(r.stdout).toMatch(/^rule of projected +fail.* 2\.000000 /m);
  });
  test("a dropped shift, a syntax error, a type imported as a value", () => {
    expect(gaugegrad("dropped.ts", "--lattice", "3,2")).toMatchObject({ code: 4, stdout: "", stderr: expect.stringMatching(/^gaugegrad: mul: A ends at/) });
    expect(gaugegrad("syntax.ts")).toMatchObject({ code: 5, stdout: "", stderr: expect.stringContaining("line 3") });
    expect(gaugegrad("lost.ts")).toMatchObject({ code: 5, stderr: expect.stringMatching(/no-such-file\.ts'.*correct the import/) });
    expect(gaugegrad("throws.ts")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^gaugegrad: throws\.ts:\d+:\d+: TypeError: Cannot read properties of undefined.*\n$/) });
    expect(gaugegrad("typeonly.ts")).toMatchObject({ code: 5, stderr: expect.stringContaining('if Links is a type, write "import type"') });
  });
  test("run keeps a program's exit code, and file and line of what it throws; the README's first layer is checked as printed", () => {
    const run = (name: string, source: string, command = "run", ...argv: string[]) => {
      writeFileSync(join(directory, name), source);
      const r = spawnSync(process.execPath, [main, command, name, ...argv], { cwd: directory, encoding: "utf8" });
      return { code: r.status, stdout: r.stdout, stderr: r.stderr };
    };
    expect(run("seven.ts", 'import { lattice } from "gaugegrad";\nconsole.log(lattice([2, 2]).volume);\nprocess.exitCode = 7;\n')).toEqual({ code: 7, stdout: "4\n", stderr: "" });
    expect(run("thrown.ts", 'const x: number = 1;\n\nthrow new RangeError(`mine ${x}`);\n')).toEqual({ code: 1, stdout: "", stderr: "gaugegrad: thrown.ts:3:7: RangeError: mine 1\n" });
    expect(run("ours.ts", 'import { SU, hot, lattice } from "gaugegrad";\nhot(lattice([2, 2]), SU(2), { seed: 0.5 });\n')).toMatchObject({ code: 3, stderr: "gaugegrad: hot: got seed = 0.5, expected an integer (ours.ts:2:1)\n" });
    const readme = readFileSync(resolve(import.meta.dirname, "../../README.md"), "utf8");
    const first = run("readme.ts", /```ts\n([\s\S]*?)```/.exec(readme)![1]!, "check", "--lattice", "2,2,2,2");
    expect(first.stderr).toBe("");
    expect(first.code).toBe(0);
    expect(first.stdout).toContain("export stout");
  }, 60_000);
});
