/** The command line as a function: arguments and a context in, exit code out. Nothing here ends the process. */
import { Command, CommanderError } from "commander";
import { EXIT } from "../errors.ts";
import { type CommandEntry, commands } from "./commands.ts";
import { type CliContext, processContext } from "./context.ts";
import { errorText, exitCodeOf } from "./exit.ts";
import { packageVersion } from "../util/index.ts";

/**
 * Runs one command line (`argv` without node and script) and gives the exit code: 0 done; 1 failure; 2 usage; 3 invalid configuration;
 * 4 a physics check failed; 5 file or format error; 75 stopped early. Errors are one line on stderr; the stack with --debug.
 */
export async function run(argv: readonly string[], context: CliContext = processContext()): Promise<number> {
  const debug = argv.includes("--debug");
  // by the environment, so that the processes that a command starts check too
  const before = process.env["GAUGEGRAD_DEBUG_NAN"];
  if (argv.includes("--debug-nan")) process.env["GAUGEGRAD_DEBUG_NAN"] = "1";
  try {
    const program = await buildProgram(argv, context);
    if (argv.length === 0) {
      context.stderr(program.helpInformation());
      return EXIT.usage;
    }
    await program.parseAsync(argv, { from: "user" });
    return EXIT.done;
  } catch (error) {
    const text = errorText(error, debug);
    if (text !== "") context.stderr(text);
    return exitCodeOf(error);
  } finally {
    if (before === undefined) delete process.env["GAUGEGRAD_DEBUG_NAN"];
    else process.env["GAUGEGRAD_DEBUG_NAN"] = before;
  }
}

/** The program with every command's name and summary; only the commands that the arguments name are loaded. */
async function buildProgram(argv: readonly string[], context: CliContext): Promise<Command> {
  const program = adopt(new Command("gaugegrad"), context)
    .description("Reverse-mode automatic differentiation for lattice gauge fields")
    .version(packageVersion(), "-V, --version")
    .option("--debug", "stack traces with errors")
    .option("--debug-nan", "check all results, and name op, site and layer of the first value that is not finite; several times slower")
    .option("--quiet", "no progress and no warnings on stderr")
    .showSuggestionAfterError();
  const named = new Set(argv.filter((a) => !a.startsWith("-")).slice(0, 2));
  for (const entry of commands) program.addCommand(named.has(entry.name) ? adoptAll((await entry.load())(context), entry, context) : adopt(new Command(entry.name), context).description(entry.summary));
  return program;
}

function adoptAll(command: Command, entry: CommandEntry, context: CliContext): Command {
  adopt(command, context);
  for (const sub of command.commands) adopt(sub, context);
  return command.summary(entry.summary);
}

/** Output through the context, errors as exceptions. */
function adopt(command: Command, context: CliContext): Command {
  return command
    .exitOverride((error: CommanderError) => {
      throw error;
    })
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout(text),
      writeErr: (text) => context.stderr(text),
      // printed once, by run
      outputError: () => {},
      getOutHelpWidth: () => context.columns,
      getErrHelpWidth: () => context.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}
