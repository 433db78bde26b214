/** `gaugegrad measure FILE...`: observables of configuration files as a table, JSON or CSV. */
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { ConfigurationError, EXIT, FileFormatError, UsageError } from "../../errors.ts";
import { detectFormat } from "../../io/index.ts";
import { printable } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { type ReadFlags, readOptions, withReading } from "../read-flags.ts";
import { CommandExit, errorText, exitCodeOf } from "../exit.ts";
import { csvRows, measurementText, summaryTable } from "../../report/index.ts";
import { type MeasureRequest, type Measurement, Measurer } from "../../runs/index.ts";
import { type EngineFlags, type GlobalOptions, integer, latticeOptions, number, positive, printJson, printJsonLine, printText, withEngine, withSeed } from "../output.ts";

interface Flags extends EngineFlags, GlobalOptions, ReadFlags {
  readonly beta: number;
  readonly flowTime?: number;
  readonly flowStep: number;
  readonly stout?: { rho: number; steps: number };
  readonly staggeredMass?: number;
  readonly staggeredBoundary: "antiperiodic" | "periodic";
  readonly condensateSources?: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly csv?: boolean;
  readonly watch?: string;
  readonly maxSeconds?: number;
}

export function measureCommand(context: CliContext): Command {
  return withReading(withSeed(withEngine(new Command("measure"))))
    .description("Plaquettes, rectangles, Polyakov loops, Wilson action and force of configurations in any format, with every check that the file allows.")
    .argument("[FILE...]", "configurations, folders of npy arrays, or folders of runs: their last checkpoints")
    .option("--beta <B>", "coupling of the Wilson action, 2N/g0^2", number(), 1)
    .option("--flow-time <T>", "Wilson flow up to this time", positive)
    .option("--flow-step <E>", "step of the flow", positive, 0.01)
    .option("--stout <RHO,STEPS>", "stout smearing", stoutFlag)
    .option("--staggered-mass <M>", "staggered fermions: pion, condensate, pseudofermion action", positive)
    .addOption(new Option("--staggered-boundary <kind>", "sign of the fermions' time boundary").choices(["antiperiodic", "periodic"]).default("antiperiodic"))
    .option("--condensate-sources <n>", "Z4 noise for the condensate (default: exact on small lattices)", integer(2))
    .addOption(new Option("--json", "one object for a file, an array for several").conflicts(["csv", "jsonl"]))
    .addOption(new Option("--jsonl", "one object a line").conflicts(["csv", "json"]))
    .addOption(new Option("--csv", "one row a file").conflicts(["json", "jsonl"]))
    .option("--watch <DIR>", "measure configurations as they appear in a folder, until interrupted")
    .option("--max-seconds <S>", "end --watch after this time", positive)
    .addHelpText("after", "\nExamples:\n  gaugegrad measure lat.nersc --beta 6.0 --json\n  gaugegrad measure run/*.ildg --flow-time 1 --csv > flow.csv\n")
    .action(async (files: string[], _options: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      if (files.length === 0 && flags.watch === undefined) throw new UsageError("measure: got no file, expected FILE... or --watch DIR");
      if (flags.watch !== undefined && context.comm) throw new ConfigurationError(`measure --watch: got ${context.comm.size} ranks, expected one: start it without the launcher, or give the files`);
      const output = new MeasurementOutput(context, flags, files.length);
      const measurer = new Measurer(request(flags), {
        ...(await latticeOptions(flags, context)),
        ...(await readOptions(flags, files.map((file) => resolve(context.directory, file)), context.directory)),
      });
      let code: number = EXIT.done;
      for (const file of files) {
        try {
          output.add(named(measurer.measure(resolve(context.directory, file)), file));
        } catch (error) {
          // one bad file of many does not keep the others from being measured
          if (files.length === 1 && flags.watch === undefined) throw error;
          context.stderr(errorText(error, flags.debug ?? false));
          output.failed(file, error);
          code = exitCodeOf(error);
        }
      }
      output.end();
      if (flags.watch !== undefined) await watch(flags.watch, context, flags, measurer, output);
      if (code !== EXIT.done) throw new CommandExit(code);
    });
}

function stoutFlag(text: string): { rho: number; steps: number } {
  const m = /^([^,]+),(\d{1,3})$/.exec(text);
  const rho = Number(m?.[1]);
  if (!m || !Number.isFinite(rho) || Number(m[2]) < 1) throw new InvalidArgumentError("expected RHO,STEPS like 0.1,3");
  return { rho, steps: Number(m[2]) };
}

function request(flags: Flags): MeasureRequest {
  const { flowTime: time, flowStep: step } = flags;
  if (time !== undefined && Math.abs(time / step - Math.round(time / step)) > 1e-6) throw new UsageError(`measure: got --flow-time ${time} with --flow-step ${step}, expected a whole number of steps`);
  return {
    beta: flags.beta,
    ...(time === undefined ? {} : { flow: { time, step } }),
    ...(flags.stout ? { stout: flags.stout } : {}),
    ...(flags.staggeredMass === undefined ? {} : { staggered: { mass: flags.staggeredMass, boundary: flags.staggeredBoundary, ...(flags.condensateSources === undefined ? {} : { noise: { sources: flags.condensateSources, seed: flags.seed } }) } }),
  };
}

/** The result under the name that the user gave. */
const named = (m: Measurement, file: string): Measurement => ({ ...m, file });

/** Writes results in the form asked for; JSON and the table of several files when all are there. */
class MeasurementOutput {
  readonly #context: CliContext;
  readonly #flags: Flags;
  readonly #several: boolean;
  #results: (Measurement | { readonly file: string; readonly error: string })[] = [];
  #header: readonly string[] = [];

  constructor(context: CliContext, flags: Flags, files: number) {
    this.#context = context;
    this.#flags = flags;
    this.#several = files > 1;
  }

  add(m: Measurement): void {
    if (!this.#flags.quiet) for (const w of m.warnings) this.#context.stderr(`gaugegrad: ${printable(`${m.file}: ${w}`)}\n`);
    if (this.#flags.jsonl) printJsonLine(this.#context, m);
    else if (this.#flags.csv) this.#csv(m);
    else this.#results.push(m);
  }

  failed(file: string, error: unknown): void {
    const entry = { file, error: error instanceof Error ? error.message : String(error) };
    if (this.#flags.jsonl) printJsonLine(this.#context, entry);
    else if (!this.#flags.csv) this.#results.push(entry);
  }

  end(): void {
    const results = this.#results;
    this.#results = [];
    if (results.length === 0) return;
    if (this.#flags.json) return printJson(this.#context, this.#several ? results : results[0]);
    const measured = results.filter((r): r is Measurement => !("error" in r));
    if (this.#several) printText(this.#context, summaryTable(measured));
    else printText(this.#context, measurementText(measured[0]!));
  }

  /** A result of --watch, at once. */
  now(m: Measurement): void {
    if (this.#flags.json) {
      if (!this.#flags.quiet) for (const w of m.warnings) this.#context.stderr(`gaugegrad: ${printable(`${m.file}: ${w}`)}\n`);
      printJsonLine(this.#context, m);
      return;
    }
    this.add(m);
    this.end();
  }

  #csv(m: Measurement): void {
    const { header, row } = csvRows(m);
    // another lattice or group has other columns
    if (header.join() !== this.#header.join()) printText(this.#context, header.join(","));
    this.#header = header;
    printText(this.#context, row.join(","));
  }
}

const WATCH_MS = 500;

/** Measures what appears in a folder. A file that is no configuration is looked at again when it changes. */
async function watch(folder: string, context: CliContext, flags: Flags, measurer: Measurer, output: MeasurementOutput): Promise<void> {
  const path = resolve(context.directory, folder);
  const seen = new Map<string, string>();
  const { interrupted, release } = interruption(context);
  const end = flags.maxSeconds === undefined ? Infinity : Date.now() + 1000 * flags.maxSeconds;
  try {
    for (;;) {
      for (const name of filesOf(path)) {
        const file = join(path, name);
        const { mtimeMs, size, regular } = stateOf(file);
        const state = `${mtimeMs} ${size}`;
        if (!regular || seen.get(name) === state) continue;
        seen.set(name, state);
        if (!isConfiguration(file, flags)) continue;
        try {
          output.now(named(measurer.measure(file), join(folder, name)));
        } catch (error) {
          context.stderr(errorText(error, flags.debug ?? false));
        }
        if (interrupted.aborted) return;
      }
      const left = end - Date.now();
      if (left <= 0) return;
      await setTimeout(Math.min(WATCH_MS, left), undefined, { signal: interrupted });
    }
  } catch (error) {
    if (!interrupted.aborted) throw error;
  } finally {
    release();
  }
}

/** Fires on SIGINT and SIGTERM, and when the context says so. */
function interruption(context: CliContext): { readonly interrupted: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  const interrupted = context.interrupt ? AbortSignal.any([controller.signal, context.interrupt]) : controller.signal;
  return {
    interrupted,
    release: () => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, stop);
    },
  };
}

function filesOf(path: string): string[] {
  try {
    // hidden files and .tmp are unfinished ones
    return readdirSync(path).filter((name) => !name.startsWith(".") && !name.endsWith(".tmp")).sort();
  } catch (error) {
    throw new FileFormatError(`${path}: cannot be watched (${(error as Error).message.split(",")[0]}), expected a folder`);
  }
}

function stateOf(file: string): { mtimeMs: number; size: number; regular: boolean } {
  const s = statSync(file, { throwIfNoEntry: false });
  return { mtimeMs: s?.mtimeMs ?? 0, size: s?.size ?? 0, regular: s?.isFile() ?? false };
}

function isConfiguration(file: string, flags: Flags): boolean {
  try {
    detectFormat(file, flags.lattice ? { extents: flags.lattice } : {});
    return true;
  } catch (error) {
    if (error instanceof FileFormatError) return false;
    throw error;
  }
}
