/** Usage, help, exit codes: everything that does not depend on the command. */
import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { ConfigurationError, FileFormatError, PhysicsCheckError } from "../../src/errors.ts";
import { commands } from "../../src/cli/commands.ts";
import { CommandExit, errorText, exitCodeOf } from "../../src/cli/exit.ts";
import { cli } from "./helpers.ts";

test("help lists every command with its summary, on stdout", async () => {
  const r = await cli(["--help"]);
  expect(r.code).toBe(0);
  expect(r.stderr).toBe("");
  for (const c of commands) expect(r.stdout).toMatch(new RegExp(`^ +${c.name} .*${c.summary.slice(0, 12).replace(/[^\w ]/g, ".")}`, "m"));
});

test("every command has help of its own, with the global options", async () => {
  for (const c of commands) {
    const r = await cli([c.name, "--help"]);
    expect([c.name, r.code]).toEqual([c.name, 0]);
    expect(r.stdout).toContain(`gaugegrad ${c.name}`);
    expect(r.stdout).toContain("--debug");
    expect((await cli(["help", c.name])).stdout).toBe(r.stdout);
  }
});

test("version", async () => {
  const r = await cli(["--version"]);
  expect(r).toMatchObject({ code: 0, stderr: "" });
  expect(r.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("wrong usage is one line on stderr and exit code 2", async () => {
  for (const argv of [["nonsense"], ["doctor", "--jsn"], ["doctor", "extra"], ["--nonsense"]]) {
    const r = await cli(argv);
    expect([argv, r.code, r.stdout]).toEqual([argv, 2, ""]);
    expect(r.stderr).toMatch(/^gaugegrad: [^\n]+\n$/);
  }
  expect((await cli(["doctor", "--jsn"])).stderr).toContain("--json");
  expect((await cli(["docter"])).stderr).toContain("doctor");
});

test("no arguments: help on stderr, exit code 2", async () => {
  const r = await cli([]);
  expect(r.code).toBe(2);
  expect(r.stdout).toBe("");
  expect(r.stderr).toContain("Usage: gaugegrad");
});

test("exit codes of errors", () => {
  expect(exitCodeOf(new ConfigurationError("x"))).toBe(3);
  expect(exitCodeOf(new PhysicsCheckError("x"))).toBe(4);
  expect(exitCodeOf(new FileFormatError("x"))).toBe(5);
  expect(exitCodeOf(Object.assign(new Error("no space left"), { code: "ENOSPC" }))).toBe(5);
  expect(exitCodeOf(new CommanderError(1, "commander.unknownOption", "x"))).toBe(2);
  expect(exitCodeOf(new CommandExit(75))).toBe(75);
  expect(exitCodeOf(new TypeError("x"))).toBe(1);
  expect(errorText(new CommandExit(75), true)).toBe("");
});

test("errors are one line; the stack and the cause come with --debug", () => {
  const error = new Error("first\n  second", { cause: new Error("root") });
  expect(errorText(error, false)).toBe("gaugegrad: first second\n");
  expect(errorText(error, true)).toMatch(/ at .*program\.test\.ts/);
  expect(errorText(error, true)).toContain("caused by: Error: root");
});
