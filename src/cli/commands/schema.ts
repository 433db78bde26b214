/** `gaugegrad schema`: JSON Schema of run files. */
import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { printJson } from "../output.ts";

export function schemaCommand(context: CliContext): Command {
  return new Command("schema")
    .description("JSON Schema (draft 2020-12) of run files, for editors that complete and check TOML.")
    .action(async () => {
      const { builtIn, editorSchema } = await import("../../runs/index.ts");
      printJson(context, editorSchema(builtIn));
    });
}
