/** `gaugegrad quickstart`: the main job on real physics. */
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { progress, reportHtml, resultText, rowsOf } from "../../report/index.ts";
import type { CliContext } from "../context.ts";
import { type EngineFlags, type GlobalOptions, latticeOptions, printJson, printText, withEngine, withJson, withSeed } from "../output.ts";
import { writeFileAtomic } from "../../util/index.ts";
import { LENGTHS, type Lengths, environmentOf, packageVersion, quickstart } from "../../runs/index.ts";

interface Options extends EngineFlags {
  readonly dir: string;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly seed: number;
}

export function quickstartCommand(context: CliContext): Command {
  const command = new Command("quickstart")
    .description("Trains a gauge covariant network for SU(2) with staggered fermions and compares HMC with self-learning HMC; writes report.html. Minutes on two cores.")
    .option("--dir <folder>", "where report.html goes", ".")
    .option("--quick", "a shorter run, under a minute");
  return withSeed(withJson(withEngine(command))).action(async (options: Options, self: Command) => {
    const { quiet = false } = self.optsWithGlobals<GlobalOptions>();
    const lengths: Lengths = options.quick ? LENGTHS.quick : LENGTHS.full;
    const engine = await latticeOptions(options, context.environment);
    const began = performance.now();
    const total = lengths.thermalise + 2 * lengths.train + lengths.assess + 4 * lengths.sample;
    using bar = progress({ total, label: "quickstart", quiet, environment: context.environment });
    const result = await quickstart({
      lengths,
      seed: options.seed,
      engine,
      // an engine that is loaded here cannot be handed to another thread
      threads: options.backend === "tfjs" ? 0 : Math.min(2, options.threads === "auto" ? availableParallelism() : options.threads),
      onProgress: (done, _total, stage, accepted) => bar.update(done, { stage, accepted: accepted.toFixed(2) }),
    });
    bar.stop();
    const elapsedSeconds = (performance.now() - began) / 1000;
    const folder = resolve(context.directory, options.dir);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "report.html");
    writeFileAtomic(file, reportHtml(result, { command: `gaugegrad quickstart${options.quick ? " --quick" : ""} --seed ${options.seed}`, version: packageVersion(), seed: options.seed, elapsedSeconds, environment: environmentOf() }));
    if (options.json) printJson(context, { rows: rowsOf(result), weights: { published: [...result.training.squared.theta], variance: [...result.training.centred.theta] }, report: file, elapsedSeconds });
    else printText(context, `${resultText(result)}\nreport: ${file}`);
  });
}
