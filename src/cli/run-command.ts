/** The commands `hmc`, `train` and `slhmc`: one run file, one folder; the same command line starts and resumes. */
import { Writable } from "node:stream";
import { resolve } from "node:path";
import { Command } from "commander";
import { EXIT, UsageError } from "../errors.ts";
import type { Progress } from "../report/index.ts";
import { bytesText, printable } from "../util/index.ts";
import type { CliContext } from "./context.ts";
import { CommandExit, untrusted } from "./exit.ts";
import { signals } from "./signals.ts";
import { type EngineFlags, type GlobalOptions, integer, latticeOptions, positive, printJson, printText, withEngine, withJson } from "./output.ts";
import type { Estimate, ResolvedRun, RunCommand, RunEnd, RunFile } from "../runs/index.ts";

interface Options extends EngineFlags, GlobalOptions {
  readonly dir?: string;
  readonly dryRun?: boolean;
  readonly maxSeconds?: number;
  readonly extend?: boolean;
  readonly seed?: number;
  readonly stream?: number;
  readonly json?: boolean;
  readonly chains?: number;
}

/** A command that makes a run. */
export function runFileCommand(name: RunCommand, description: string, context: CliContext): Command {
  const command = new Command(name)
    .description(`${description} The same command resumes: bit for bit, after any interruption.`)
    .argument("<RUN.toml>", "run file; gaugegrad init writes one")
    .option("--dir <folder>", "folder of the run: new, or that of the same run")
    .option("--dry-run", "print the run as resolved, its memory and an estimate of its time")
    .option("--max-seconds <s>", "save and stop (exit code 75) before so many seconds have passed", positive)
    .option("--extend", "go on with a run whose sampler.trajectories was raised")
    .option("--chains <n>", "so many chains side by side, with the streams 0, 1, ...: folders chain-0, chain-1, ... in that of the run", integer(1))
    .option("--seed <n>", "instead of sampler.seed of the run file", integer(0))
    .option("--stream <n>", "added to sampler.stream: the chain with this number", integer(0));
  return withJson(withEngine(command))
    .addHelpText("after", "\nSIGTERM, SIGINT, SIGUSR1 or a file STOP in the folder end the run with a checkpoint and exit code 75; a second SIGTERM or SIGINT ends it at once. Exit code 4: a check failed, or the production cannot be trusted (acceptance, <exp(-dH)>, error bars).\n")
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      const { readMetrics, readRunFile, resolveRun, summaryOf, summaryText, threadsProblem } = await import("../runs/index.ts");
      const run = resolveRun(name, withRandom(await readRunFile(resolve(context.directory, file)), { seed: options.seed, stream: options.stream }));
      const warn = (text: string): void => {
        if (!options.quiet) context.stderr(`gaugegrad: ${printable(text)}\n`);
      };
      if (run.unused.length > 0) warn(`${name} uses no ${run.unused.join(", ")}: ${run.unused.length > 1 ? "these sections are" : "the section is"} left out`);
      if (options.dryRun) return dryRun(context, run, options);
      if (options.dir === undefined) throw new UsageError(`${name}: got no --dir, expected the folder of the run: gaugegrad ${name} ${file} --dir out`);
      const crowded = typeof options.threads === "number" ? threadsProblem(options.threads, context.environment) : undefined;
      if (crowded !== undefined) warn(crowded);
      const folder = resolve(context.directory, options.dir);
      if (options.chains !== undefined && options.stream !== undefined) throw new UsageError(`${name}: got --chains and --stream, expected one of them: chains have the streams 0, 1, ...`);
      if (options.chains !== undefined) return (await import("./chains.ts")).chains(context, name, resolve(context.directory, file), folder, { ...options, chains: options.chains }, warn);
      const outcome = await produceWithProgress(context, run, folder, options, warn);
      // files are read by the rank that has written them
      const summary = (context.comm?.rank ?? 0) === 0 ? summaryOf(readMetrics(folder), outcome.parameters) : summaryOf([], outcome.parameters);
      const { reason, position, total } = outcome;
      const status = outcome.kind === "done" ? "done" : "stopped";
      const rest = status === "done" ? `${folder}: done, ${total} of ${total}` : `${folder}: stopped (${reason}) at ${position} of ${total}: the same command goes on`;
      if (options.json) printJson(context, { schemaVersion: 1, command: name, folder, status, ...(reason === undefined ? {} : { reason }), position, total, ...summary });
      else printText(context, [summaryText(summary), "", rest].join("\n").trimStart());
      if (status === "stopped") throw new CommandExit(EXIT.stoppedEarly);
      if (summary.alarms.length > 0) throw untrusted(name, summary.alarms);
    });
}

const withRandom = (file: RunFile, { seed, stream = 0 }: { readonly seed: number | undefined; readonly stream: number | undefined }): RunFile => {
  const { sampler } = file.configuration;
  return { ...file, configuration: { ...file.configuration, sampler: { ...sampler, seed: seed ?? sampler.seed, stream: sampler.stream + stream } } };
};

async function produceWithProgress(context: CliContext, run: ResolvedRun, folder: string, options: Options, warn: (text: string) => void): Promise<RunEnd> {
  const [{ progress }, { produce }] = [await import("../report/index.ts"), await import("../runs/index.ts")];
  const stream = context.progressTTY ? process.stderr : new Writable({ write: (chunk, _encoding, done) => (context.stderr(String(chunk)), done()) });
  using stop = signals(context);
  let bar: Progress | undefined;
  let end: RunEnd | undefined;
  try {
    for await (const event of produce({ run, folder, engine: await latticeOptions(options, context), extend: options.extend, maxSeconds: options.maxSeconds, signal: stop.signal })) {
      if (event.kind === "start" || event.kind === "resume") {
        bar = progress({ total: event.total, start: event.position, label: run.command, quiet: options.quiet, stream, environment: context.environment });
        bar.update(event.position);
      } else if (event.kind === "trajectory") bar?.update(event.position, { phase: event.phase, acceptance: event.acceptance!.toFixed(2), ...(event.plaquette === undefined ? {} : { plaquette: event.plaquette.toFixed(4) }) });
      else if (event.kind === "training" || event.kind === "epoch") bar?.update(event.position, { phase: event.kind === "epoch" ? "epochs" : "train", loss: event.value });
      else if (event.kind === "warning") warn(event.text);
      else if (event.kind === "stopping") await stop.settle();
      else if (event.kind === "done" || event.kind === "stop") end = event as RunEnd;
    }
  } finally {
    bar?.stop();
  }
  return end!;
}

async function dryRun(context: CliContext, run: ResolvedRun, options: Options): Promise<void> {
  const [{ durationText }, { configurationText, estimate }] = [await import("../report/index.ts"), await import("../runs/index.ts")];
  const needs = estimate(run, await latticeOptions(options, { environment: context.environment }));
  if (options.json) printJson(context, { schemaVersion: 1, command: run.command, configuration: run.configuration, configurationHash: run.hash, estimate: needs });
  else printText(context, `${configurationText(run)}\n${estimateText(needs, durationText)}`);
}

/** Comments, so that the whole output is a run file. */
function estimateText({ fieldBytes, checkpointBytes, processBytes, secondsPerTrajectory, trajectories, seconds }: Estimate, durationText: (seconds: number) => string): string {
  const phases = Object.entries(trajectories).map(([phase, n]) => `# ${phase}: ${n} trajectories${secondsPerTrajectory[phase] === undefined ? "" : ` of ${secondsPerTrajectory[phase].toPrecision(3)} s`}`);
  return [
    `# memory: ${bytesText(fieldBytes)} a link field, at least ${bytesText(processBytes)} the process; a checkpoint takes ${bytesText(checkpointBytes)}, two are kept`,
    ...phases,
    ...(seconds === undefined ? [] : [`# time: about ${durationText(seconds)} without measurements and checks, from forces timed on a small lattice of the kind`]),
  ].join("\n");
}
