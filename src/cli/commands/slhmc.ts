/** `gaugegrad slhmc RUN.toml --dir DIR`. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { runFileCommand } from "../run-command.ts";

export function slhmcCommand(context: CliContext): Command {
  return runFileCommand("slhmc", "Self-learning HMC: molecular dynamics with an effective action, Metropolis step with the target. With [training] it is first trained in a prior HMC and then frozen.", context);
}
