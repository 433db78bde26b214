/** `gaugegrad convert IN OUT`: writes a configuration in another format or precision. */
import { existsSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { Command, Option } from "commander";
import { FileFormatError, UsageError } from "../../errors.ts";
import { fixGauge } from "../../gauge/index.ts";
import { WRITABLE, type Precision, type Provenance, gaugeFormats, namesEnsemble, writeGauge } from "../../io/index.ts";
import { type LinksFile, readLinks } from "../../runs/index.ts";
import { printable } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { type ReadFlags, readOptions, withReading } from "../read-flags.ts";
import { type GlobalOptions, printJson, withJson } from "../output.ts";

interface Flags extends GlobalOptions, ReadFlags {
  readonly to?: string;
  readonly precision?: "32" | "64";
  readonly gauge?: "landau" | "coulomb";
  readonly force?: boolean;
  readonly json?: boolean;
}

export function convertCommand(context: CliContext): Command {
  return withReading(withJson(new Command("convert")))
    .description("Read a configuration in any format, with every check, and write it in another one with valid checksums. Equal precision keeps every bit.")
    .argument("<IN>", "configuration, folder of npy arrays, or the folder of a run: its last checkpoint")
    .argument("<OUT>", "file to write; appears complete or not at all")
    .option("--to <format>", `format: ${Object.keys(WRITABLE).join(", ")}, or one of your own (default: by the name of OUT)`)
    .addOption(new Option("--precision <bits>", "bits of each real (default: 64 where the format has them)").choices(["32", "64"]))
    .addOption(new Option("--gauge <gauge>", "fix the gauge first: the transversal one of all directions, or of space").choices(["landau", "coulomb"]))
    .option("--force", "overwrite OUT")
    .addHelpText("after", "\nExamples:\n  gaugegrad convert lat.ildg lat.nersc\n  gaugegrad convert RUN_DIR last.nersc\n  gaugegrad convert lat.ildg landau.ildg --gauge landau\n  gaugegrad convert old.bin new.lime --to ildg --precision 32\n")
    .action(async (input: string, output: string, _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const reading = await readOptions(flags, [resolve(context.directory, input)], context.directory);
      const { formats = gaugeFormats } = reading;
      const writable = formats.filter((f) => f.writer);
      const ending = extname(output).toLowerCase();
      const format = writable.find((f) => (flags.to === undefined ? f.writer!.extensions.includes(ending) : f.name === flags.to));
      const names = writable.map((f) => f.name);
      if (!format && flags.to !== undefined) throw new UsageError(`convert: got --to ${flags.to}, expected ${names.join(", ")}`);
      if (!format) throw new UsageError(`convert: got the name ${output} without --to, expected a name in ${writable.flatMap((f) => f.writer!.extensions).join(", ")}: give --to ${names.join("|")}`);
      const { name: to, writer } = format;
      const path = resolve(context.directory, output);
      if (existsSync(path) && !flags.force) throw new FileFormatError(`${output}: exists already, expected a new name: give another one, or --force to overwrite it`);
      const read = readLinks(resolve(context.directory, input), {
        // nothing is computed but one mean
        threads: 1,
        ...reading,
      });
      if (!flags.quiet) for (const w of read.warnings) context.stderr(`gaugegrad: ${printable(`${input}: ${w}`)}\n`);
      const precision = (flags.precision === undefined ? writer!.precisions[0] : Number(flags.precision)) as Precision;
      const fixed = flags.gauge && fixGauge(read.U, { gauge: flags.gauge });
      if (fixed && !flags.quiet) context.stderr(`gaugegrad: ${flags.gauge} gauge: mean Re tr U/N ${fixed.before.toFixed(9)} -> ${fixed.functional.toFixed(9)}, theta ${fixed.theta.toExponential(1)}, ${fixed.iterations} sweeps\n`);
      writeGauge(path, fixed?.U ?? read.U, format, { precision, provenance: provenanceOf(read, resolve(context.directory, input)) });
      if (writer!.keeps !== "provenance" && namesEnsemble(read.provenance) && !flags.quiet) context.stderr(`gaugegrad: ${output}: ${to} has no place for the ensemble and sequence number of ${input}: they were left out\n`);
      if (precision < read.precision && !flags.quiet) context.stderr(`gaugegrad: ${output}: ${read.precision} bits were rounded to ${precision}\n`);
      if (flags.json) printJson(context, { in: { file: input, format: read.format, precision: read.precision, checks: read.checks, warnings: read.warnings }, out: { file: output, format: to, precision, ...(fixed ? { gauge: flags.gauge, functional: fixed.functional, theta: fixed.theta } : {}) }, group: read.group.name, lattice: read.U.lattice.extents });
    });
}

/** What the input says of itself; a date of creation that it does not state is that of the file, and today is when it is archived. */
function provenanceOf(read: LinksFile, input: string): Provenance {
  return { creationDate: statSync(input).mtime.toUTCString(), ...read.provenance, archiveDate: new Date().toUTCString() };
}
