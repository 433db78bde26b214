/** `gaugegrad init` on a terminal: defaults, wrong answers, every kind of fermions, what is written where. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, expect, test } from "vitest";
import { type Question, builtIn, parseRun, runQuestions } from "../../src/runs/index.ts";
import { type Outcome, cli } from "./helpers.ts";
import { Scratch } from "./runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** A person at a terminal who types these lines and then hangs up. */
async function typed(answers: string, options: { isTTY?: boolean; directory?: string } = {}, command = "init"): Promise<Outcome & { readonly asked: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let asked = "";
  output.on("data", (chunk: Buffer) => (asked += chunk.toString()));
  input.end(answers);
  const outcome = await cli([command], { terminal: { input, output }, ...options });
  return { ...outcome, asked };
}

/** Answers by the question's name; Enter for the rest. */
function fill(answers: { readonly [name: string]: string }): { text: string; questions: Question[] } {
  const form = runQuestions();
  const questions: Question[] = [];
  for (let next = form.next(); ; ) {
    if (next.done) return { text: next.value!, questions };
    const { text } = next.value;
    questions.push(next.value);
    if (questions.length > 60) throw new Error(`asked for ever: ${next.value.problem}`);
    next = form.next(Object.entries(answers).find(([name]) => text === name || text.startsWith(`${name} (`))?.[1] ?? "");
  }
}

test("Enter everywhere gives a run file that passes a dry run; the data stay on stdout, the questions do not", async () => {
  const r = await typed("\n".repeat(40));
  expect([r.code, r.stderr]).toEqual([0, ""]);
  expect(r.asked).toMatch(/^group .* \[SU\(2\)\]: lattice/);
  expect(r.asked).toContain("  none, clover, domain-wall, hisq, overlap, rational, staggered, wilson\n");
  expect(r.stdout).toMatch(/extents = \[4, 4, 4, 4\] +# Lx/);
  const dry = await cli(["hmc", scratch.file("asked.toml", r.stdout), "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
});

test.each(builtIn.list("fermion").map((p) => p.name))("%s: what is answered stands in the file, which passes a dry run", (kind) => {
  const { text } = fill({ group: "SU(3)", lattice: "4x4 4,8", "gauge action": "iw", fermions: kind, "fermions mass": "0.45", "trajectories of production": "7", "measurements beside the plaquette": "polyakov, energy" });
  const c = parseRun(text, kind);
  expect(c).toMatchObject({ group: "SU(3)", lattice: { extents: [4, 4, 4, 8] }, action: { kind: "iwasaki", beta: 6 }, sampler: { kind: "hmc", trajectories: 7 }, measurement: { observables: ["polyakov", "energy"] } });
  expect(c.fermions).toMatchObject([{ kind, ...(kind === "wilson" || kind === "clover" ? { kappa: 0.12 } : { mass: 0.45 }) }]);
});

test("heatbath is offered without fermions", () => {
  const { text, questions } = fill({ sampler: "heatbath" });
  expect(parseRun(text, "x").sampler).toMatchObject({ kind: "heatbath" });
  expect(questions.find((q) => q.text === "sampler")!.choices).toEqual(["heatbath", "hmc"]);
});

test("wrong answers are asked again with the reason; what does not fit together starts over with the answers as defaults", async () => {
  const lines = ["SU(zwei)", "U(1)", "4 four", "6 6", "wilsn", "wilson", "", "staggered", "3", "0.2", ...Array.from({ length: 8 }, () => "")];
  // the second round: Enter keeps all, but for the flavours
  const again = ["", "", "", "", "", "4", ...Array.from({ length: 10 }, () => "")];
  const r = await typed(`${[...lines, ...again].join("\n")}\n`);
  expect([r.code, r.stderr]).toEqual([0, ""]);
  expect(r.asked).toContain('  got "wilsn", expected one of');
  expect(r.asked).toContain("did you mean wilson?");
  expect(r.asked).toContain('  got "4 four", expected two to four extents');
  expect(r.asked).toMatch(/flavours: got 3, expected 2 or 4/);
  expect(r.asked).toContain("group (U(1), SU(2), SU(3), ...) [U(1)]: ");
  expect(parseRun(r.stdout, "x")).toMatchObject({ group: "U(1)", lattice: { extents: [6, 6] }, action: { beta: 2 }, fermions: [{ kind: "staggered", flavours: 4, mass: 0.2 }] });
});

test("with stdout on the terminal the file gets a name; one that exists is never replaced", async () => {
  const directory = scratch.path();
  mkdirSync(directory, { recursive: true });
  const r = await typed("\n".repeat(40), { isTTY: true, directory });
  expect([r.code, r.stdout]).toEqual([0, ""]);
  const written = readFileSync(join(directory, "run.toml"), "utf8");
  expect(parseRun(written, "run.toml").group).toBe("SU(2)");
  const second = await typed(`${"\n".repeat(14)}run.toml\nother.toml\n`, { isTTY: true, directory });
  expect(second.asked).toContain("got run.toml, which exists");
  expect(existsSync(join(directory, "other.toml"))).toBe(true);
  expect(readFileSync(join(directory, "run.toml"), "utf8")).toBe(written);
});

test("an input that ends, and no terminal at all: one line, exit code 2", async () => {
  expect(await typed("SU(2)\n")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^gaugegrad: init: got the end of the input[^\n]*\n$/) });
  expect(await cli(["init"])).toMatchObject({ code: 2, stderr: expect.stringContaining("got no kind, expected one of") });
});

test("wizard: few questions; back returns to the question before with its answer as default; expert asks for everything; quit writes nothing", async () => {
  // SU(3), back, U(1), 6 6, the action, beta, a hot start, Wilson fermions, back, none
  const simple = await typed(`${["", "SU(3)", "back", "U(1)", "6 6", "", "1.5", "hot", "wilson", "back", "none", "", "12", ""].join("\n")}\n`, {}, "wizard");
  expect([simple.code, simple.stderr]).toEqual([0, ""]);
  expect(simple.asked).toMatch(/\[simple\]: group \(U\(1\), SU\(2\), SU\(3\), \.\.\.\) \[SU\(2\)\]: lattice/);
  expect(simple.asked).toMatch(/group \(U\(1\), SU\(2\), SU\(3\), \.\.\.\) \[SU\(3\)\]: lattice/);
  expect(simple.asked).not.toMatch(/seed|integrator|measurements/);
  expect(parseRun(simple.stdout, "x")).toMatchObject({ group: "U(1)", lattice: { extents: [6, 6] }, start: { kind: "hot" }, action: { beta: 1.5 }, fermions: [], sampler: { trajectories: 12 } });
  expect((await cli(["hmc", scratch.file("wizard.toml", simple.stdout), "--dry-run"])).code).toBe(0);
  const expert = await typed(`expert\n${"\n".repeat(40)}`, {}, "wizard");
  expect(expert.asked).toMatch(/seed \[1\]/);
  expect(expert.asked.length).toBeGreaterThan(simple.asked.length);
  const directory = scratch.path();
  mkdirSync(directory, { recursive: true });
  for (const lines of ["quit\n", `${"\n".repeat(9)}quit\n`]) expect(await typed(lines, { isTTY: true, directory }, "wizard")).toMatchObject({ code: 0, stdout: "", asked: expect.stringMatching(/no file was written\n$/) });
  expect(existsSync(join(directory, "run.toml"))).toBe(false);
  expect(await typed("SU(2)\n", {}, "wizard")).toMatchObject({ code: 2, stderr: expect.stringContaining("wizard: got the end of the input") });
  expect(await cli(["wizard"])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^gaugegrad: wizard: got no terminal[^\n]*gaugegrad init KIND[^\n]*\n$/) });
});
