/** `gaugegrad quickstart`: the main job on real physics. */
import { join, resolve } from "node:path";
import { Command } from "commander";
import { EXIT } from "../../errors.ts";
import type { CliContext } from "../context.ts";
import { CommandExit } from "../exit.ts";
import { signals } from "../signals.ts";
import { type EngineFlags, type GlobalOptions, latticeOptions, printJson, printText, withEngine, withJson, withSeed } from "../output.ts";
import { packageVersion, printable, writeFileAtomic } from "../../util/index.ts";
import type { Lengths } from "../../runs/index.ts";

interface Options extends EngineFlags {
  readonly dir: string;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly seed: number;
}

export function quickstartCommand(context: CliContext): Command {
  const command = new Command("quickstart")
    .description("Trains a gauge covariant network for SU(2) with staggered fermions and compares HMC with self-learning HMC; writes report.html. Minutes on two cores; the same command goes on after any interruption.")
    .option("--dir <folder>", "where report.html goes, and the runs that it is made of (quickstart/)", ".")
    .option("--quick", "a shorter run, under a minute");
  return withSeed(withJson(withEngine(command))).action(async (options: Options, self: Command) => {
    const { quiet = false } = self.optsWithGlobals<GlobalOptions>();
    const [{ processors }, { progress, reportHtml, resultText, rowsOf }] = [await import("../../backend/index.ts"), await import("../../report/index.ts")];
    const { LENGTHS, environmentOf, quickstart } = await import("../../runs/index.ts");
    const lengths: Lengths = options.quick ? LENGTHS.quick : LENGTHS.full;
    const engine = await latticeOptions(options, context);
    const began = performance.now();
    const folder = resolve(context.directory, options.dir);
    const runs = join(folder, "quickstart", `${options.quick ? "quick" : "full"}-seed${options.seed}`);
    const total = lengths.thermalise + 2 * lengths.train + lengths.assess + 4 * lengths.sample;
    using stop = signals(context);
    using bar = progress({ total, label: "quickstart", quiet, environment: context.environment });
    const result = await quickstart({
      lengths,
      seed: options.seed,
      folder: runs,
      engine,
      // an engine that is loaded here cannot be handed to another thread
      threads: options.backend === "tfjs" ? 0 : Math.min(2, options.threads === "auto" ? processors() : options.threads),
      signal: stop.signal,
      onProgress: (done, _total, stage, acceptance) => bar.update(done, { stage, ...(acceptance === undefined ? {} : { acceptance: acceptance.toFixed(2) }) }),
    });
    bar.stop();
    if (!result) {
      context.stderr(`gaugegrad: stopped (${String(stop.signal.reason)}): the same command goes on with the runs in ${printable(runs)}\n`);
      throw new CommandExit(EXIT.stoppedEarly);
    }
    const elapsedSeconds = (performance.now() - began) / 1000;
    const file = join(folder, "report.html");
    writeFileAtomic(file, reportHtml(result, { command: `gaugegrad quickstart${options.quick ? " --quick" : ""} --seed ${options.seed}`, version: packageVersion(), seed: options.seed, elapsedSeconds, environment: environmentOf() }));
    if (options.json) printJson(context, { rows: rowsOf(result), weights: { published: [...result.training.squared.theta], variance: [...result.training.centred.theta] }, report: file, elapsedSeconds });
    else printText(context, `${resultText(result)}\nreport: ${file}`);
  });
}
