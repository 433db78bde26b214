#!/usr/bin/env node
/** The `gaugegrad` executable. */
import { launcherOf } from "../util/index.ts";
import { processContext } from "./context.ts";
import { run } from "./program.ts";

// a reader that has seen enough (`gaugegrad ... | head`) is no error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const [argv, context] = [process.argv.slice(2), processContext()];
// what ranks need is loaded where a launcher has started some
const code = launcherOf(process.env) ? await (await import("../runs/index.ts")).onRanks(argv, context, run) : await run(argv, context);
// a program that `gaugegrad run` ran may have set its own
if (code !== 0 || process.exitCode === undefined) process.exitCode = code;
