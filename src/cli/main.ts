#!/usr/bin/env node
/** The `gaugegrad` executable. */
import { onRanks } from "../runs/index.ts";
import { processContext } from "./context.ts";
import { run } from "./program.ts";

// a reader that has seen enough (`gaugegrad ... | head`) is no error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const code = await onRanks(process.argv.slice(2), processContext(), run);
// a program that `gaugegrad run` ran may have set its own
if (code !== 0 || process.exitCode === undefined) process.exitCode = code;
