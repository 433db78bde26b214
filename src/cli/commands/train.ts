/** `gaugegrad train RUN.toml --dir DIR`. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { runFileCommand } from "../run-command.ts";

export function trainCommand(context: CliContext): Command {
  return runFileCommand("train", "Trains an effective action: online in a prior HMC, or on stored configurations.", context);
}
