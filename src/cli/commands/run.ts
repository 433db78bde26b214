/** `gaugegrad run FILE`: a TypeScript program that imports "gaugegrad", without a build step. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { loadModule } from "../load-module.ts";

export function runCommand(context: CliContext): Command {
  return new Command("run")
    .description("Runs a TypeScript or JavaScript program that imports gaugegrad; no build step, any folder.")
    .argument("<file>", "the program")
    .action(async (file: string) => {
      await loadModule(file, context.directory);
    });
}
