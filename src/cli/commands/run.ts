/** `gaugegrad run FILE`: a TypeScript program that imports "gaugegrad", without a build step. */
import { resolve } from "node:path";
import { Command } from "commander";
import type { CliContext } from "../context.ts";

export function runCommand(context: CliContext): Command {
  return new Command("run")
    .description("Runs a TypeScript or JavaScript program that imports gaugegrad; no build step, any folder. It finds its arguments in process.argv.slice(2).")
    .argument("<file>", "the program")
    .argument("[arguments...]", "passed on to it")
    .allowUnknownOption()
    .action(async (file: string, args: readonly string[]) => {
      process.argv = [process.argv[0]!, resolve(context.directory, file), ...args];
      await (await import("../../runs/index.ts")).loadModule(file, context.directory);
    });
}
