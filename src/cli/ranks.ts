/** A command line on the ranks that a launcher started: one of them speaks, all leave with one exit code. */
import type { Comm } from "../backend/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { CliContext } from "./context.ts";

/** Commands that work on a divided lattice. */
const DIVIDED: ReadonlySet<string> = new Set(["hmc", "slhmc", "train", "measure", "doctor"]);
/** Commands that take no time: rank 0 does them alone. */
const ALONE: ReadonlySet<string> = new Set(["report", "cite", "schema", "model", "init", "completion", "convert", "serve", "slurm", "help"]);
/** Seconds that a rank which failed waits for the others to come to the same end. */
const PATIENCE = 3;
/** Seconds that a rank which is done waits for the others. */
const LONG = 24 * 3600;

/** The context of one of several ranks: the last line that a silent rank would have said is kept, for the case that it is the one to speak. */
export function contextOfRank(context: CliContext, comm: Comm): { readonly context: CliContext; readonly last: () => string } {
  if (comm.rank === 0) return { context: { ...context, comm, progressTTY: false }, last: () => "" };
  let last = "";
  const { terminal: _terminal, ...rest } = context;
  return { context: { ...rest, comm, progressTTY: false, stdout: () => undefined, stderr: (text) => void (last = text) }, last: () => last };
}

/** Runs a command on several ranks; gives the exit code of all. */
export async function onRanks(argv: readonly string[], given: CliContext, comm: Comm, run: (argv: readonly string[], context: CliContext) => Promise<number>): Promise<number> {
  const { context, last } = contextOfRank(given, comm);
  const name = argv.find((a) => !a.startsWith("-"));
  const alone = name === undefined || ALONE.has(name);
  let code = 0;
  if (!alone && !DIVIDED.has(name)) {
    const refused = new ConfigurationError(`${name}: got ${comm.size} ranks, expected one: it has no form for several, start it without the launcher`);
    context.stderr(`gaugegrad: ${refused.message}\n`);
    code = refused.exitCode;
  } else if (!alone || comm.rank === 0) {
    const { comm: _comm, ...single } = context;
    code = await run(argv, alone ? single : context);
  }
  const failed = code !== 0 && code !== 75;
  const ending = await comm.leave(code, failed ? PATIENCE : LONG);
  if (ending === undefined) {
    // the others are in the middle of something: what happened here is the only reason
    if (comm.rank !== 0) given.stderr(withRank(last(), comm));
    return comm.abort(code);
  }
  if (ending.speaker === comm.rank && comm.rank !== 0) given.stderr(withRank(last(), comm));
  comm.close();
  return ending.code;
}

const withRank = (text: string, comm: Comm): string => text.replace(/^gaugegrad: /, `gaugegrad: rank ${comm.rank} of ${comm.size}: `);
