/** `gaugegrad flow train|sample|report RUN.toml`: generative flows, their training, exact sampling with them, and what came of it. */
import { join, resolve } from "node:path";
import { Command } from "commander";
import { EXIT, UsageError } from "../../errors.ts";
import type { FlowCommand, FlowEvent, FlowResult, FlowSummary } from "../../runs/index.ts";
import { table, withError, writeFileAtomic } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { CommandExit } from "../exit.ts";
import { type EngineFlags, type GlobalOptions, latticeOptions, printJson, printText, withEngine, withJson } from "../output.ts";
import { signals } from "../signals.ts";

interface Flags extends EngineFlags, GlobalOptions {
  readonly dir?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export function flowCommand(context: CliContext): Command {
  return new Command("flow")
    .description("Generative flows of lattice fields: train one on its own samples, sample exactly with it by independence Metropolis, report.")
    .addCommand(runCommand("train", "Trains the flow by the reverse Kullback-Leibler divergence and writes flow.gaugegrad.", context))
    .addCommand(runCommand("sample", "Independent proposals of the flow of flow.file (without one: as it starts), accepted with min(1, w'/w).", context))
    .addCommand(reportCommand(context));
}

const subcommand = (name: string, description: string): Command =>
  withJson(new Command(name).description(description).argument("<RUN.toml>", "run file with the tables [lattice], [target], [flow], [training], [sampler], [output]; gaugegrad init flow-u1-2d writes one").option("--dir <folder>", "folder of the run: new, or that of the same run"));

function folderOf(context: CliContext, name: string, file: string, dir: string | undefined): string {
  if (dir === undefined) throw new UsageError(`flow ${name}: got no --dir, expected the folder of the run: gaugegrad flow ${name} ${file} --dir out`);
  return resolve(context.directory, dir);
}

function runCommand(name: FlowCommand, description: string, context: CliContext): Command {
  return withEngine(subcommand(name, `${description} The same command resumes: bit for bit, after any interruption.`))
    .addHelpText("after", "\nSIGTERM, SIGINT, SIGUSR1 or a file STOP in the folder end the run with a checkpoint and exit code 75.\n")
    .action(async (file: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const { produceFlow, readFlowRun } = await import("../../runs/index.ts");
      const run = readFlowRun(resolve(context.directory, file));
      const folder = folderOf(context, name, file, flags.dir);
      using stop = signals(context);
      const said = reporter(context, flags.quiet);
      let end: Extract<FlowEvent, { kind: "done" | "stop" }> | undefined;
      for await (const event of produceFlow({ command: name, run, folder, engine: await latticeOptions(flags, context), signal: stop.signal })) {
        if (event.kind === "done" || event.kind === "stop") end = event;
        else if (event.kind === "stopping") await stop.settle();
        else said(event);
      }
      const { kind, position, total, reason, trained, sampled } = end!;
      if (kind === "stop") {
        if (flags.json) printJson(context, { schemaVersion: 1, command: `flow ${name}`, folder, status: "stopped", reason, position, total });
        else printText(context, `${folder}: stopped (${reason}) at ${position} of ${total}: the same command goes on`);
        throw new CommandExit(EXIT.stoppedEarly);
      }
      if (flags.json) printJson(context, { schemaVersion: 1, command: `flow ${name}`, folder, status: "done", ...(trained ?? sampled) });
      else printText(context, `${resultText({ ...(trained ? { trained } : {}), ...(sampled ? { sampled } : {}) })}\n\n${folder}: done, ${total} of ${total}`);
    });
}

function reportCommand(context: CliContext): Command {
  return subcommand("report", "What a training or a sampling in a folder has found, as text and as one self-contained HTML file.")
    .option("--out <file>", "the HTML file; default report.html in the folder of the run")
    .action(async (file: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      const [{ flowReport }, { readFlowFolder, readFlowRun }] = [await import("../../report/index.ts"), await import("../../runs/index.ts")];
      readFlowRun(resolve(context.directory, file));
      const folder = folderOf(context, "report", file, flags.dir);
      const found = readFlowFolder(folder);
      const out = flags.out === undefined ? join(folder, "report.html") : resolve(context.directory, flags.out);
      writeFileAtomic(out, flowReport(found));
      if (flags.json) printJson(context, { schemaVersion: 1, report: out, command: found.command, ...(found.result.trained ?? found.result.sampled) });
      else printText(context, `${resultText(found.result)}\n\nreport: ${out}`);
    });
}

function resultText({ trained, sampled }: FlowResult): string {
  if (trained) return `${trained.model}: ${trained.weights} weights\nloss ${trained.loss.toFixed(4)}, sd(log w) ${trained.sd.toFixed(3)}, ESS of a batch ${trained.ess.toFixed(3)} at the end`;
  return sampled ? sampledText(sampled) : "nothing is recorded yet";
}

function sampledText(s: FlowSummary): string {
  const rows = Object.entries(s.values).map(([name, e]) => [name, withError(e.mean, e.error), withError(e.tauInt, e.tauIntError)]);
  const z = `ln Z ${withError(s.logZ.value, s.logZ.error)}${s.exactLogZ === undefined ? "" : ` (exact ${s.exactLogZ.toFixed(4)})`}, bound ${s.bound.toFixed(4)}`;
  const sectors = s.sectors ? `\nsectors ${Object.entries(s.sectors).toSorted(([a], [b]) => Number(a) - Number(b)).map(([q, n]) => `${q}: ${n}`).join(", ")}` : "";
  return `${table(["quantity", "mean", "tau_int"], rows)}\nacceptance ${withError(s.acceptance.mean, s.acceptance.error)}, longest run of rejections ${s.longestRejection}\nESS ${s.ess.toFixed(3)} of ${s.samples} samples, sd(log w) ${s.sd.toFixed(3)}\n${z}${sectors}`;
}

/** Warnings, and a line on stderr every few seconds. */
function reporter(context: CliContext, quiet: boolean | undefined): (event: FlowEvent) => void {
  let last = performance.now();
  return (event) => {
    if (quiet) return;
    if (event.kind === "warning") context.stderr(`gaugegrad: ${event.text}\n`);
    else if (performance.now() - last >= 5000 && (event.kind === "training" || event.kind === "sample")) {
      last = performance.now();
      const what = event.kind === "training" ? `loss ${event.loss.toFixed(3)}, sd ${event.sd.toFixed(3)}, ESS ${event.ess.toFixed(3)}` : `log w ${event.logWeight.toFixed(3)}`;
      context.stderr(`flow ${event.kind} ${event.position}/${event.total}: ${what}\n`);
    }
  };
}
