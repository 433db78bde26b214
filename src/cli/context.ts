/** What a command may touch of the process: streams, environment, folder. Tests give their own and run commands in-process. */

import type { Comm } from "../backend/index.ts";

/** A terminal's two ends; stdout stays free for data. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

export interface CliContext {
  /** Results: data and nothing else. Text is written as it is. */
  stdout(text: string): void;
  /** Progress, warnings and errors. */
  stderr(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly directory: string;
  /** True when stdout is a terminal. */
  readonly isTTY: boolean;
  /** True when stderr is a terminal: progress bars instead of lines. */
  readonly progressTTY: boolean;
  /** Columns of the terminal; 80 when there is none. */
  readonly columns: number;
  /** Where questions are asked and answered, when people sit at both ends. */
  readonly terminal?: Terminal;
  /** The ranks that a launcher started, and this process among them; only rank 0 prints. */
  readonly comm?: Comm;
  /** Ends commands that wait, as SIGINT does. */
  readonly interrupt?: AbortSignal;
}

/** The context of this process. */
export function processContext(): CliContext {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    environment: process.env,
    directory: process.cwd(),
    isTTY: process.stdout.isTTY === true,
    progressTTY: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 80,
    ...(process.stdin.isTTY === true && process.stderr.isTTY === true ? { terminal: { input: process.stdin, output: process.stderr } } : {}),
  };
}

/** True when text on stdout may be coloured: a terminal, and neither NO_COLOR nor TERM=dumb (no-color.org). */
export function wantsColour(context: CliContext): boolean {
  return context.isTTY && !context.environment["NO_COLOR"] && context.environment["TERM"] !== "dumb";
}
