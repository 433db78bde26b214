/** `gaugegrad report`: one HTML file on a run, made from its folder. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { FileFormatError } from "../../errors.ts";
import { type FieldView, chainSections, fieldsOf, generatedOf, headingOf, htmlReport, sectionsOf, stateText } from "../../report/index.ts";
import { writeFileAtomic } from "../../util/index.ts";
import { RunReader, chainFolder, readChains } from "../../runs/index.ts";
import type { CliContext } from "../context.ts";
import { type GlobalOptions, number, printJson, printText, withJson } from "../output.ts";

interface Options {
  readonly out?: string;
  readonly flowTime: number;
  readonly json?: boolean;
}

export function reportCommand(context: CliContext): Command {
  const command = new Command("report")
    .description("Writes one self-contained HTML file on a run: results with errors and autocorrelation times, plots, slices of the last configuration, configuration and environment. The run may still go on.")
    .argument("<dir>", "folder of a run, or of its chains")
    .option("--out <file>", "the HTML file; default report.html in the folder of the run")
    .option("--flow-time <t>", "Wilson flow of the smoothed densities, 0: none", number(0), 0.5);
  return withJson(command).action((dir: string, options: Options, self: Command) => {
    const { quiet = false } = self.optsWithGlobals<GlobalOptions>();
    const folder = resolve(context.directory, dir);
    const file = options.out === undefined ? join(folder, "report.html") : resolve(context.directory, options.out);
    const chains = readChains(folder);
    if (chains) return chainsReport(context, folder, chains.chains, file, options);
    const view = new RunReader(folder).read();
    const notes = [...view.notes];
    let fields: FieldView | undefined;
    if (view.state) {
      fields = fieldsOf(view.state, view.configuration, { flowTime: options.flowTime });
      notes.push(...fields.notes);
    } else notes.push("no checkpoint yet, so there are no slices of a configuration");
    if (view.metrics.length === 0) notes.push("nothing is recorded yet, the report has the configuration only");
    write(file, htmlReport({ ...headingOf(view), sections: sectionsOf(view, fields, true), generated: generatedOf(view) }));
    if (!quiet) for (const note of notes) context.stderr(`gaugegrad: ${note}\n`);
    if (options.json) printJson(context, { report: file, state: stateText(view), notes });
    else printText(context, `report: ${file}`);
  });
}

/** One report on all chains of a folder. */
function chainsReport(context: CliContext, folder: string, chains: number, file: string, options: Options): void {
  const folders = Array.from({ length: chains }, (_, k) => chainFolder(folder, k)).filter((f) => existsSync(f));
  const views = folders.map((f) => new RunReader(f).read());
  const [first] = views;
  if (!first) throw new FileFormatError(`${folder}: got chains none of which has begun, expected at least one: run them first`);
  write(file, htmlReport({ ...headingOf(first), sections: chainSections(views), generated: generatedOf(first) }));
  if (options.json) printJson(context, { report: file, chains: views.map(stateText) });
  else printText(context, `report: ${file}`);
}

function write(file: string, html: string): void {
  try {
    writeFileAtomic(file, html);
  } catch (error) {
    throw new FileFormatError(`${file}: cannot be written (${(error as Error).message.split(",")[0]}), expected a folder that may be written to: give another --out`);
  }
}
