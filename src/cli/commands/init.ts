/** `gaugegrad init KIND`: a commented starter run file on stdout; without a kind, on a terminal, a file from questions. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { nearest, table, writeFileAtomic } from "../../util/index.ts";
import { answered } from "../ask.ts";
import type { CliContext } from "../context.ts";
import { printJson, printText, withJson } from "../output.ts";
import { type Question, runQuestions, flowStarters, spinStarter, starters as gaugeStarters } from "../../runs/index.ts";

const starters = [...gaugeStarters, ...flowStarters, spinStarter];

/** The file of the answers: a new one, or stdout where that leads to a file already; undefined when the person quits. */
function* runFile(context: CliContext, wizard: boolean): Generator<Question, { readonly text: string; readonly file?: string } | undefined, string> {
  const text = yield* runQuestions({ wizard });
  if (text === undefined || !context.isTTY) return text === undefined ? undefined : { text };
  let problem: string | undefined;
  for (;;) {
    const given = (yield { text: "run file (- prints it)", fallback: "run.toml", ...(problem === undefined ? {} : { problem }) }).trim() || "run.toml";
    if (given === "quit") return undefined;
    if (given === "-") return { text };
    if (!existsSync(resolve(context.directory, given))) return { text, file: given };
    problem = `got ${given}, which exists, expected another name`;
  }
}

/** Asks for a run on the terminal and writes its file. */
export async function askForRun(context: CliContext, command: "init" | "wizard"): Promise<void> {
  const made = await answered(runFile(context, command === "wizard"), context.terminal!, command);
  if (!made) return void context.terminal!.output.write("no file was written\n");
  const { text, file } = made;
  if (file === undefined) return context.stdout(text);
  writeFileAtomic(resolve(context.directory, file), text);
  context.terminal!.output.write(`wrote ${file}: gaugegrad hmc ${file} --dir out\n`);
}

export function initCommand(context: CliContext): Command {
  return withJson(new Command("init"))
    .description("Prints a commented starter run file that runs as it is: gaugegrad init su2-slhmc > run.toml && gaugegrad slhmc run.toml --dir out. Without a kind, on a terminal, asks for group, lattice, action, fermions, sampler and measurements, and writes the file")
    .argument("[KIND]", `${starters.map((s) => s.name).join(", ")}`)
    .option("--list", "the kinds, with the command that runs each")
    .action(async (kind: string | undefined, options: { list?: boolean; json?: boolean }) => {
      if (kind === undefined && !options.list && !options.json && context.terminal) return await askForRun(context, "init");
      if (options.list) {
        if (options.json) printJson(context, starters.map(({ name, command, summary }) => ({ name, command, summary })));
        else printText(context, table(["kind", "command", ""], starters.map((s) => [s.name, s.command, s.summary])));
        return;
      }
      const names = starters.map((s) => s.name);
      const starter = starters.find((s) => s.name === kind);
      if (!starter) {
        const near = kind === undefined ? undefined : nearest(kind, names);
        throw new UsageError(`init: got ${kind === undefined ? "no kind" : `the kind "${kind}"`}, expected one of ${names.join(", ")}${near === undefined ? "" : `: did you mean ${near}?`}`);
      }
      if (options.json) printJson(context, starter);
      else context.stdout(starter.text);
    });
}
