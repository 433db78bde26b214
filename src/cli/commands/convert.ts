/** `gaugegrad convert IN OUT`: writes a configuration in another format or precision. */
import { existsSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { Command, Option } from "commander";
import { FileFormatError, UsageError } from "../../errors.ts";
import { EXTENSIONS, WRITABLE, type Precision, type Provenance, type WritableFormat, namesEnsemble, writeGauge, writerOf } from "../../io/index.ts";
import { type LinksFile, readLinks } from "../../runs/index.ts";
import { printable } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { type ReadFlags, readOptions, withReading } from "../read-flags.ts";
import { type GlobalOptions, printJson, withJson } from "../output.ts";

interface Flags extends GlobalOptions, ReadFlags {
  readonly to?: WritableFormat;
  readonly precision?: "32" | "64";
  readonly force?: boolean;
  readonly json?: boolean;
}

export function convertCommand(context: CliContext): Command {
  return withReading(withJson(new Command("convert")))
    .description("Read a configuration in any format, with every check, and write it in another one with valid checksums. Equal precision keeps every bit.")
    .argument("<IN>", "configuration, folder of npy arrays, or the folder of a run: its last checkpoint")
    .argument("<OUT>", "file to write; appears complete or not at all")
    .addOption(new Option("--to <format>", "format (default: by the name of OUT)").choices(Object.keys(WRITABLE)))
    .addOption(new Option("--precision <bits>", "bits of each real (default: 64 where the format has them)").choices(["32", "64"]))
    .option("--force", "overwrite OUT")
    .addHelpText("after", "\nExamples:\n  gaugegrad convert lat.ildg lat.nersc\n  gaugegrad convert RUN_DIR last.nersc\n  gaugegrad convert old.bin new.lime --to ildg --precision 32\n")
    .action(async (input: string, output: string, _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const to = flags.to ?? EXTENSIONS[extname(output).toLowerCase()];
      if (to === undefined) throw new UsageError(`convert: got the name ${output} without --to, expected a name in ${Object.keys(EXTENSIONS).join(", ")}: give --to ${Object.keys(WRITABLE).join("|")}`);
      const path = resolve(context.directory, output);
      if (existsSync(path) && !flags.force) throw new FileFormatError(`${output}: exists already, expected a new name: give another one, or --force to overwrite it`);
      const read = readLinks(resolve(context.directory, input), {
        // nothing is computed but one mean
        threads: 1,
        ...(await readOptions(flags, [resolve(context.directory, input)])),
      });
      if (!flags.quiet) for (const w of read.warnings) context.stderr(`gaugegrad: ${printable(`${input}: ${w}`)}\n`);
      const precision = (flags.precision === undefined ? WRITABLE[to][0] : Number(flags.precision)) as Precision;
      writeGauge(path, read.U, to, { precision, provenance: provenanceOf(read, resolve(context.directory, input)) });
      if (writerOf(to)!.keeps !== "provenance" && namesEnsemble(read.provenance) && !flags.quiet) context.stderr(`gaugegrad: ${output}: ${to} has no place for the ensemble and sequence number of ${input}: they were left out\n`);
      if (precision < read.precision && !flags.quiet) context.stderr(`gaugegrad: ${output}: ${read.precision} bits were rounded to ${precision}\n`);
      if (flags.json) printJson(context, { in: { file: input, format: read.format, precision: read.precision, checks: read.checks, warnings: read.warnings }, out: { file: output, format: to, precision }, group: read.group.name, lattice: read.U.lattice.extents });
    });
}

/** What the input says of itself; a date of creation that it does not state is that of the file, and today is when it is archived. */
function provenanceOf(read: LinksFile, input: string): Provenance {
  return { creationDate: statSync(input).mtime.toUTCString(), ...read.provenance, archiveDate: new Date().toUTCString() };
}
