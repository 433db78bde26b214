/** Runs a command line in-process and keeps what it writes. */
import type { CliContext, Terminal } from "../../src/cli/context.ts";
import { run } from "../../src/cli/program.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function cli(argv: readonly string[], options: { terminal?: Terminal; isTTY?: boolean; directory?: string; environment?: Record<string, string>; interrupt?: AbortSignal; onOutput?: (text: string) => void } = {}): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const context: CliContext = {
    stdout: (t) => {
      stdout += t;
      options.onOutput?.(t);
    },
    stderr: (t) => void (stderr += t),
    environment: options.environment ?? {},
    directory: options.directory ?? process.cwd(),
    isTTY: options.isTTY ?? false,
    progressTTY: false,
    columns: 100,
    ...(options.terminal ? { terminal: options.terminal } : {}),
    ...(options.interrupt ? { interrupt: options.interrupt } : {}),
  };
  const code = await run(argv, context);
  return { code, stdout, stderr };
}
