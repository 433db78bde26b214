/** `gaugegrad spins train|sample RUN.toml`: classical spins with fermions, effective models, self-learning Monte Carlo. */
import { resolve } from "node:path";
import { Command } from "commander";
import { lattice } from "../../gauge/index.ts";
import { table, withError, writeFileAtomic } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { type EngineFlags, type GlobalOptions, latticeOptions, printJson, printText, withEngine, withJson } from "../output.ts";
import { type Line, newFolder, readSpinRun, sampleSpins as sample, trainSpins as train, writeResults, writeSpinModel as writeModel } from "../../runs/index.ts";

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

/** A line on stderr every few seconds. */
function reporter(context: CliContext, quiet: boolean | undefined): (line: Line) => void {
  let last = performance.now();
  return (line) => {
    if (quiet || performance.now() - last < 5000) return;
    last = performance.now();
    context.stderr(`${Object.entries(line).map(([k, v]) => (k === "kind" ? String(v) : `${k} ${typeof v === "number" ? Number(v.toPrecision(6)) : String(v)}`)).join(", ")}\n`);
  };
}

function trainCommand(context: CliContext): Command {
  const command = new Command("train")
    .description("Trains an effective model of ln W on exact configurations: linear regression, or attention blocks by Gauss-Newton or AdamW, offline or while sampling.")
    .argument("<RUN.toml>", FILE)
    .option("--dir <folder>", "new folder for model.json, metrics.jsonl, config.toml");
  return withJson(withEngine(command)).action(async (file: string, _flags: unknown, self: Command) => {
    const flags = self.optsWithGlobals<Flags>();
    const run = readSpinRun(resolve(context.directory, file));
    const folder = flags.dir === undefined ? undefined : resolve(context.directory, flags.dir);
    if (folder !== undefined) newFolder(folder);
    const result = train(lattice(run.model.lattice, await latticeOptions(flags, context.environment)), run, reporter(context, flags.quiet));
    if (folder !== undefined) {
      writeResults(folder, run, result.lines);
      writeModel(folder, run, result.model);
    }
    const { summary } = result;
    if (flags.json) printJson(context, { schemaVersion: 1, command: "spins train", ...(folder === undefined ? {} : { folder }), model: result.model.name, ...summary });
    else printText(context, `${result.model.name}: ${summary.parameters} parameters\nmean square error ${summary.trainMse.toPrecision(4)} (training), ${summary.testMse.toPrecision(4)} (held out)\nestimated acceptance exp(-sqrt MSE) = ${summary.acceptanceEstimate.toFixed(3)}, erfc(sqrt(MSE)/2) = ${summary.acceptanceEstimateGaussian.toFixed(3)}`);
  });
}

function sampleCommand(context: CliContext): Command {
  const command = new Command("sample")
    .description("Monte Carlo of the exact weight: local Metropolis (effective.kind = exact), or self-learning Monte Carlo with the model of effective.file (trained first without one).")
    .argument("<RUN.toml>", FILE)
    .option("--dir <folder>", "new folder for metrics.jsonl, spins.json, config.toml");
  return withJson(withEngine(command)).action(async (file: string, _flags: unknown, self: Command) => {
    const flags = self.optsWithGlobals<Flags>();
    const run = readSpinRun(resolve(context.directory, file));
    const folder = flags.dir === undefined ? undefined : resolve(context.directory, flags.dir);
    if (folder !== undefined) newFolder(folder);
    const result = sample(lattice(run.model.lattice, await latticeOptions(flags, context.environment)), run, reporter(context, flags.quiet));
    if (folder !== undefined) {
      writeResults(folder, run, result.lines);
      writeFileAtomic(resolve(folder, "spins.json"), `${JSON.stringify([...result.spins])}\n`);
    }
    if (flags.json) printJson(context, { schemaVersion: 1, command: "spins sample", ...(folder === undefined ? {} : { folder }), steps: run.sampler.steps, ...result.summary });
    else printText(context, table(["", "mean", "tau_int"], Object.entries(result.summary).map(([name, e]) => [name, withError(e.mean, e.error), withError(e.tauInt, e.tauIntError)])));
  });
}
