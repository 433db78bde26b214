#!/usr/bin/env node
/** The `gaugegrad` executable. */
import { connect, launcherOf, selfComm } from "../backend/index.ts";
import { processContext } from "./context.ts";
import { errorText, exitCodeOf } from "./exit.ts";
import { run } from "./program.ts";
import { onRanks } from "./ranks.ts";

// a reader that has seen enough (`gaugegrad ... | head`) is no error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const argv = process.argv.slice(2);

/** The ranks of the launcher, if there is one; without them one line, of one process. */
function connected(): typeof selfComm | undefined {
  try {
    return connect();
  } catch (error) {
    if ((launcherOf(process.env)?.rank ?? 0) === 0) process.stderr.write(errorText(error, argv.includes("--debug")));
    process.exitCode = exitCodeOf(error);
    return undefined;
  }
}

const comm = connected();
if (comm) {
  const code = comm.size === 1 ? await run(argv) : await onRanks(argv, processContext(), comm, run);
  // a program that `gaugegrad run` ran may have set its own
  if (code !== 0 || process.exitCode === undefined) process.exitCode = code;
}
