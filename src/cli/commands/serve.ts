/** `gaugegrad serve`: the report of a run as a live page on this machine. */
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import { UsageError } from "../../errors.ts";
import {
  type FieldView, type LiveView, fieldsOf, headingOf, liveServer, positionOf, sectionsOf, stateText,
} from "../../report/index.ts";
import { RunReader, type RunView } from "../../runs/index.ts";
import type { CliContext } from "../context.ts";
import { type GlobalOptions, integer, number, printText } from "../output.ts";

interface Options {
  readonly port: number;
  readonly flowTime: number;
}

/** Shortest time between two looks at the folder. */
const LOOK_MS = 1000;

export function serveCommand(context: CliContext): Command {
  return new Command("serve")
    .description("Shows a run as a live page on 127.0.0.1, with sliders through the last configuration. Prints the address, which has a random token; ends with Ctrl-C.")
    .argument("<dir>", "folder of a run")
    .option("--port <n>", "port, 0: any free one", integer(0), 0)
    .option("--flow-time <t>", "Wilson flow of the smoothed densities, 0: none", number(0), 0.5)
    .action(async (dir: string, options: Options, self: Command) => {
      if (options.port > 65_535) throw new UsageError(`serve: got port ${options.port}, expected 0 to 65535`);
      const { quiet = false } = self.optsWithGlobals<GlobalOptions>();
      const source = new LiveSource(resolve(context.directory, dir), options.flowTime);
      await using server = await liveServer({ port: options.port, view: source.view() });
      printText(context, server.url);
      const { interrupted, release } = interruption(context);
      try {
        let warned = "";
        while (!interrupted.aborted) {
          const began = performance.now();
          try {
            server.show(source.view());
            warned = "";
          } catch (error) {
            // a folder that is being moved or cleaned up may come back
            const text = (error as Error).message;
            if (!quiet && text !== warned) context.stderr(`gaugegrad: ${text}\n`);
            warned = text;
          }
          // plots of a long run take time, which belongs to the run
          await setTimeout(Math.max(LOOK_MS, 4 * (performance.now() - began)), undefined, { signal: interrupted }).catch(() => {});
        }
      } finally {
        release();
      }
    });
}

/** Views of a run, made again only when it has changed. */
class LiveSource {
  readonly #reader: RunReader;
  readonly #flowTime: number;
  #run: RunView | undefined;
  #view: LiveView | undefined;
  #fields: FieldView | undefined;
  #state: RunView["state"];
  #version = 0;

  constructor(folder: string, flowTime: number) {
    this.#reader = new RunReader(folder);
    this.#flowTime = flowTime;
  }

  view(): LiveView {
    const run = this.#reader.read();
    if (run === this.#run && this.#view) return this.#view;
    if (run.state !== this.#state) {
      this.#fields = run.state ? fieldsOf(run.state, run.configuration, { flowTime: this.#flowTime, engine: { threads: 1 } }) : undefined;
      this.#state = run.state;
      this.#version++;
    }
    const { done, total } = positionOf(run);
    const epochs = run.metrics.some((r) => r.kind === "epoch");
    this.#view = {
      ...headingOf(run),
      progress: `${stateText(run)}: ${epochs ? "epoch" : "trajectory"} ${done} of ${total}`,
      sections: sectionsOf(run, this.#fields, false),
      stacks: [...(this.#fields?.densities ?? []), ...(this.#fields?.attention ?? [])],
      stacksAfter: "histories",
      stacksVersion: this.#version,
    };
    this.#run = run;
    return this.#view;
  }
}

/** Fires on SIGINT and SIGTERM, and when the context says so. */
function interruption(context: CliContext): { readonly interrupted: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  return {
    interrupted: context.interrupt ? AbortSignal.any([controller.signal, context.interrupt]) : controller.signal,
    release: () => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
    },
  };
}
