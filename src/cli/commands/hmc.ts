/** `gaugegrad hmc RUN.toml --dir DIR`. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { runFileCommand } from "../run-command.ts";

export function hmcCommand(context: CliContext): Command {
  return runFileCommand("hmc", "Hybrid Monte Carlo: gauge fields alone or with fermions.", context);
}
