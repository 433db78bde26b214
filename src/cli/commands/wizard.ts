/** `gaugegrad wizard`: a run file from questions on a terminal, few or all of them. */
import { Command } from "commander";
import { UsageError } from "../../errors.ts";
import type { CliContext } from "../context.ts";

export function wizardCommand(context: CliContext): Command {
  return new Command("wizard")
    .description("Asks for a run on a terminal, simple (group, lattice, beta, start, fermions, sampler, trajectories) or expert (everything), and writes its commented run file. Enter takes the default, back returns to the question before, quit ends without a file")
    .action(async () => {
      if (!context.terminal) throw new UsageError("wizard: got no terminal to ask on, expected one: gaugegrad init KIND prints a run file without questions");
      await (await import("./init.ts")).askForRun(context, "wizard");
    });
}
