/** `gaugegrad cite RUN.toml`: BibTeX of what a run uses. */
import { resolve } from "node:path";
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { printJson, withJson } from "../output.ts";

export function citeCommand(context: CliContext): Command {
  return withJson(new Command("cite"))
    .description("BibTeX of the methods that a run file uses, identified by their arXiv numbers.")
    .argument("<RUN.toml>", "run file, or config.toml of a run's folder")
    .action(async (file: string, options: { json?: boolean }) => {
      const { bibliography, readRunFile } = await import("../../runs/index.ts");
      const { configuration, registry } = await readRunFile(resolve(context.directory, file));
      const { entries, bibtex } = bibliography(configuration, registry);
      if (options.json) printJson(context, entries);
      else context.stdout(bibtex === "" ? "% nothing beyond standard hybrid Monte Carlo\n" : bibtex);
    });
}
