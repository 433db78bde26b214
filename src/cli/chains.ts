/** `--chains N` of the commands that make runs: progress and summary of all chains. */
import { Writable } from "node:stream";
import { EXIT, UsageError } from "../errors.ts";
import { progress } from "../report/index.ts";
import { type ChainsOutcome, type RunCommand, chainFolder, chainsText, produceChains, readMetrics, summaryOfChains } from "../runs/index.ts";
import type { CliContext } from "./context.ts";
import { CommandExit, untrusted } from "./exit.ts";
import { signals } from "./signals.ts";
import { type EngineFlags, type GlobalOptions, printJson, printText } from "./output.ts";

interface Options extends EngineFlags, GlobalOptions {
  readonly chains: number;
  readonly maxSeconds?: number;
  readonly extend?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Makes the chains, or goes on with them, and prints what they have found. */
export async function chains(context: CliContext, command: RunCommand, file: string, folder: string, options: Options, onWarning: (text: string) => void): Promise<void> {
  const { backend, strict = false, threads } = options;
  if (backend === "tfjs") throw new UsageError("--chains: got the backend tfjs, expected auto, js, wasm or native: run the chains one by one with sampler.stream");
  const stream = context.progressTTY ? process.stderr : new Writable({ write: (chunk, _encoding, done) => (context.stderr(String(chunk)), done()) });
  let bar: ReturnType<typeof progress> | undefined;
  using stop = signals(context);
  let outcome: ChainsOutcome;
  try {
    outcome = await produceChains({
      command,
      file,
      folder,
      chains: options.chains,
      seed: options.seed,
      // the chains are what keeps the processors busy
      engine: { backend, strict, threads: threads === "auto" ? 1 : threads },
      ...(context.comm ? { comm: context.comm } : {}),
      extend: options.extend ?? false,
      maxSeconds: options.maxSeconds,
      signal: stop.signal,
      onStopping: () => stop.settle(),
      onWarning,
      onProgress: (position, total) => {
        bar ??= progress({ total, start: position, label: `${command} x ${options.chains}`, quiet: options.quiet, stream, environment: context.environment });
        bar.update(position);
      },
    });
  } finally {
    bar?.stop();
  }
  const found = outcome.chains.map((_, k) => ({ folder: chainFolder(folder, k), outcome: outcome.chains[k] }));
  const summary = summaryOfChains(found.map((c) => ({ records: readMetrics(c.folder), parameters: c.outcome?.parameters ?? null })));
  const { status, reason } = outcome;
  if (options.json) {
    const own = found.map((c, k) => ({ folder: c.folder, status: c.outcome?.kind === "done" ? "done" : "stopped", position: c.outcome?.position ?? 0, ...(c.outcome ? { total: c.outcome.total } : {}), ...summary.chains[k] }));
    printJson(context, { schemaVersion: 1, command, folder, status, ...(reason === undefined ? {} : { reason }), chains: own, merged: summary.merged, alarms: summary.alarms });
  } else {
    const rest = status === "done" ? `${folder}: done, ${options.chains} chains` : `${folder}: stopped (${reason}): the same command goes on`;
    printText(context, [chainsText(summary), "", rest].join("\n").trimStart());
  }
  if (status === "stopped") throw new CommandExit(EXIT.stoppedEarly);
  if (summary.alarms.length > 0) throw untrusted(command, summary.alarms);
}
