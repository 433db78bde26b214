/** A command line on the ranks that a launcher started: one of them speaks, all leave with one exit code. */
import { setTimeout } from "node:timers/promises";
import { type Comm, connect, endJob } from "../../backend/index.ts";
import { ConfigurationError, type GaugegradError } from "../../errors.ts";
import { launcherOf } from "../../util/index.ts";
import { Ranks } from "./ranks.ts";

/** What a command may touch of the process, as far as ranks differ in it. */
export interface RankContext {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly comm?: Comm;
  readonly progressTTY: boolean;
  readonly terminal?: unknown;
}

/** Commands that work on a divided lattice. */
const DIVIDED: ReadonlySet<string> = new Set(["hmc", "slhmc", "train", "measure", "flow", "doctor"]);
/** Commands that take no time: rank 0 does them alone. */
const ALONE: ReadonlySet<string> = new Set(["report", "cite", "schema", "model", "init", "completion", "convert", "serve", "slurm", "help"]);
/** Of these the run file and what else decides is compared when it is read. */
const WITH_RUN_FILE: ReadonlySet<string> = new Set(["hmc", "slhmc", "train", "flow"]);
/** Options that make something else of such a command. */
const DECISIVE: ReadonlySet<string> = new Set(["--help", "-h", "--version", "-V", "--dry-run", "--chains"]);
/** Milliseconds in which a launcher passes on what a rank has written. */
const PASSED_ON = 200;
/** Seconds that a rank which failed waits for the others to come to the same end. */
const PATIENCE = 3;
/** Seconds in which rank 0 says that there is no library, before others do; its end is that of all. */
const FIRST = 20;
/** Seconds that a rank which is done waits for the others. */
const LONG = 24 * 3600;

/** The context of one of several ranks: the last line that a silent rank would have said is kept, for the case that it is the one to speak. */
function contextOfRank<C extends RankContext>(context: C, comm: Comm): { readonly context: C; readonly last: () => string } {
  if (comm.rank === 0) return { context: { ...context, comm, progressTTY: false }, last: () => "" };
  let last = "";
  return { context: { ...context, terminal: undefined, comm, progressTTY: false, stdout: () => undefined, stderr: (text) => void (last = text) }, last: () => last };
}

/**
 * Runs a command line: as it is without a launcher, else on all ranks of the group, with one exit code. Rank 0 speaks, or the lowest rank that failed. Without a
 * library that fits the launcher one process says so.
 */
export async function onRanks<C extends RankContext>(argv: readonly string[], context: C, run: (argv: readonly string[], context: C) => Promise<number>, group: () => Comm = connect): Promise<number> {
  let comm: Comm;
  try {
    comm = group();
  } catch (error) {
    const { rank, size } = launcherOf(process.env) ?? { rank: 0, size: 1 };
    // nothing can be said to the others: rank 0 speaks, and its end is that of all; who is still there then is alone with it
    if (rank > 0) await setTimeout(1000 * FIRST);
    context.stderr(`gaugegrad: ${rank === 0 ? "" : `rank ${rank} of ${size}: `}${(error as Error).message}\n`);
    const code = (error as GaugegradError).exitCode ?? 1;
    await setTimeout(PASSED_ON);
    endJob(code);
    return code;
  }
  return comm.size === 1 ? run(argv, context) : together(argv, context, comm, run);
}

async function together<C extends RankContext>(argv: readonly string[], given: C, comm: Comm, run: (argv: readonly string[], context: C) => Promise<number>): Promise<number> {
  const { context, last } = contextOfRank(given, comm);
  const [name, what] = argv.filter((a) => !a.startsWith("-"));
  const alone = name === undefined || ALONE.has(name) || (name === "flow" && what === "report");
  let code = 0;
  const refused = refusal(argv, comm, alone || DIVIDED.has(name));
  if (refused) {
    context.stderr(`gaugegrad: ${refused.message}\n`);
    code = refused.exitCode;
  } else if (!alone || comm.rank === 0) {
    code = await run(argv, alone ? given : context);
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

/** Why a command line cannot be run; the ranks agree on it, as each would else wait for others that do something else. */
function refusal(argv: readonly string[], comm: Comm, allowed: boolean): ConfigurationError | undefined {
  const [name = "", what = ""] = argv.filter((a) => !a.startsWith("-"));
  const words = WITH_RUN_FILE.has(name) ? [name, ...(name === "flow" ? [what] : []), ...argv.map((a) => a.split("=")[0]!).filter((a) => DECISIVE.has(a)).sort()] : argv;
  try {
    new Ranks(comm).expectSame({ "command line": ["gaugegrad", ...words].join(" ") });
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  return allowed ? undefined : new ConfigurationError(`${name}: got ${comm.size} ranks, expected one: it has no form for several, start it without the launcher`);
}

const withRank = (text: string, comm: Comm): string => text.replace(/^gaugegrad: /, `gaugegrad: rank ${comm.rank} of ${comm.size}: `);
