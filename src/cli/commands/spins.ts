/** `gaugegrad spins train|sample RUN.toml`: classical spins with fermions, effective models, self-learning Monte Carlo. */
import { resolve } from "node:path";
import { Command } from "commander";
import { EXIT } from "../../errors.ts";
import type { SpinEnd, SpinEvent } from "../../runs/index.ts";
import { table, withError } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { CommandExit } from "../exit.ts";
import { type EngineFlags, type GlobalOptions, latticeOptions, printJson, printText, withEngine, withJson } from "../output.ts";
import { signals } from "../signals.ts";

interface Flags extends EngineFlags, GlobalOptions {
  readonly dir?: string;
  readonly json?: boolean;
}

const FILE = "run file with the tables [model] lattice, J, T, mu; [effective] kind, shells, reach, layers, gram, file; [training]; [sampler]";

export function spinsCommand(context: CliContext): Command {
  return new Command("spins")
    .description("Classical spins coupled to fermions (double-exchange model) on a two-dimensional lattice: effective models and self-learning Monte Carlo.")
    .addCommand(trainCommand(context))
    .addCommand(sampleCommand(context));
}

function trainCommand(context: CliContext): Command {
  return subcommand("train", "Trains an effective model of ln W on exact configurations: linear regression, or attention blocks by Gauss-Newton or AdamW, offline or while sampling.", "model.json", context);
}

function sampleCommand(context: CliContext): Command {
  return subcommand("sample", "Monte Carlo of the exact weight: local Metropolis (effective.kind = exact), or self-learning Monte Carlo with the model of effective.file (trained first without one).", "spins.json", context);
}

function subcommand(name: "train" | "sample", description: string, result: string, context: CliContext): Command {
  const command = new Command(name)
    .description(`${description} With --dir the same command resumes: bit for bit, after any interruption.`)
    .argument("<RUN.toml>", `${FILE}; gaugegrad init spins writes one`)
    .option("--dir <folder>", `folder of the run, new or that of the same run, for ${result}, metrics.jsonl, config.toml`)
    .addHelpText("after", "\nSIGTERM, SIGINT, SIGUSR1 or a file STOP in the folder end the run with a checkpoint and exit code 75.\n");
  return withJson(withEngine(command)).action(async (file: string, _flags: unknown, self: Command) => {
    const flags = self.optsWithGlobals<Flags>();
    const { produceSpins, readSpinRun } = await import("../../runs/index.ts");
    const run = readSpinRun(resolve(context.directory, file));
    const folder = flags.dir === undefined ? undefined : resolve(context.directory, flags.dir);
    using stop = signals(context);
    const said = reporter(context, flags.quiet);
    let end: SpinEnd | undefined;
    for await (const event of produceSpins({ command: name, run, folder, engine: await latticeOptions(flags, context), signal: stop.signal })) {
      if (event.kind === "done" || event.kind === "stop") end = event as SpinEnd;
      else if (event.kind === "stopping") await stop.settle();
      else said(event);
    }
    const { kind, position, total, reason, trained, sampled } = end!;
    const place = folder === undefined ? {} : { folder };
    if (kind === "stop") {
      if (flags.json) printJson(context, { schemaVersion: 1, command: `spins ${name}`, ...place, status: "stopped", reason, position, total });
      else printText(context, `${folder ?? name}: stopped (${reason}) at ${position} of ${total}${folder === undefined ? "" : ": the same command goes on"}`);
      throw new CommandExit(EXIT.stoppedEarly);
    }
    if (flags.json) printJson(context, { schemaVersion: 1, command: `spins ${name}`, ...place, ...(trained ?? { steps: run.sampler.steps, ...sampled }) });
    else printText(context, trained ? trainedText(trained) : table(["", "mean", "tau_int"], Object.entries(sampled!).map(([key, e]) => [key, withError(e.mean, e.error), withError(e.tauInt, e.tauIntError)])));
  });
}

function trainedText({ model, parameters, trainMse, testMse, acceptanceEstimate, acceptanceEstimateGaussian }: NonNullable<SpinEnd["trained"]>): string {
  return `${model}: ${parameters} parameters\nmean square error ${trainMse.toPrecision(4)} (training), ${testMse.toPrecision(4)} (held out)\nestimated acceptance exp(-sqrt MSE) = ${acceptanceEstimate.toFixed(3)}, erfc(sqrt(MSE)/2) = ${acceptanceEstimateGaussian.toFixed(3)}`;
}

/** Warnings, and a line on stderr every few seconds. */
function reporter(context: CliContext, quiet: boolean | undefined): (event: SpinEvent) => void {
  let last = performance.now();
  return (event) => {
    if (quiet) return;
    if (event.kind === "warning") context.stderr(`gaugegrad: ${String((event as { text?: unknown }).text)}\n`);
    else if ("step" in event && performance.now() - last >= 5000) {
      last = performance.now();
      context.stderr(`${Object.entries(event).map(([k, v]) => (k === "kind" ? String(v) : `${k} ${typeof v === "number" ? Number(v.toPrecision(6)) : String(v)}`)).join(", ")}\n`);
    }
  };
}
