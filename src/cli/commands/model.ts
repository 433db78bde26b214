/** `gaugegrad model show FILE`: what a file of a trained network holds, after verifying its checksum. */
import { resolve } from "node:path";
import { Command } from "commander";
import { groupOf } from "../../gauge/index.ts";
import { type ModelRecord, readModel } from "../../models/index.ts";
import { printable, table } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { printJson, printText, withJson } from "../output.ts";

export function modelCommand(context: CliContext): Command {
  const show = withJson(new Command("show"))
    .description("Network, group, parameters and training of a model file; its checksum is verified first (exit code 5 if it fails).")
    .argument("<file>", "model file")
    .action((file: string, options: { json?: boolean }) => {
      const record = readModel(resolve(context.directory, file));
      if (options.json) printJson(context, summary(file, record));
      else printText(context, text(file, record));
    });
  return new Command("model").description("Files of trained networks.").addCommand(show);
}

/** The record in JSON: parameters by name. */
function summary(file: string, record: ModelRecord & { readonly checksum: string }): unknown {
  const { network, declaration, group, dimension, names, values, others, training, checksum } = record;
  return {
    schemaVersion: 1,
    file,
    network,
    declaration,
    group: groupOf(group).name,
    dimension,
    parameters: Object.fromEntries(names.map((name, k) => [name, values[k]])),
    others,
    training,
    sha256: checksum,
  };
}

function text(file: string, record: ModelRecord & { readonly checksum: string }): string {
  const { network, declaration, group, dimension, names, values, others, training, checksum } = record;
  const numbers = [...names.map((name, k) => [name, String(values[k])]), ...Object.entries(others).map(([name, x]) => [`${name} (not of the network)`, String(x)])];
  const lines = [
    `${file}: ${network}, ${groupOf(group).name}, ${dimension} dimensions, ${names.length} parameters`,
    `declaration ${JSON.stringify(declaration)}`,
    `training ${JSON.stringify(training)}`,
    `sha256 ${checksum} verified`,
    "",
    ...table(["parameter", "value"], numbers).split("\n"),
  ];
  return lines.map(printable).join("\n");
}
