/** `gaugegrad init KIND`: a commented starter run file on stdout. */
import { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { nearest, table } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { printJson, printText, withJson } from "../output.ts";
import { spinStarter, starters as gaugeStarters } from "../../runs/index.ts";

const starters = [...gaugeStarters, spinStarter];

export function initCommand(context: CliContext): Command {
  return withJson(new Command("init"))
    .description("Prints a commented starter run file that runs as it is: gaugegrad init su2-slhmc > run.toml && gaugegrad slhmc run.toml --dir out")
    .argument("[KIND]", `${starters.map((s) => s.name).join(", ")}`)
    .option("--list", "the kinds, with the command that runs each")
    .action((kind: string | undefined, options: { list?: boolean; json?: boolean }) => {
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
