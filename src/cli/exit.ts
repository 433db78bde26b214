/** From errors to one line on stderr and an exit code. */
import { CommanderError } from "commander";
import { EXIT, GaugegradError, PhysicsCheckError } from "../errors.ts";
import { printable } from "../util/index.ts";

/** Thrown by a command that ends with an exit code and has already said everything, for instance 75 after a checkpoint. */
export class CommandExit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Operating system errors that belong to a file: path missing, not readable, disk full. */
const FILE_ERRORS = new Set(["ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EEXIST", "ENOSPC", "EROFS", "EIO", "EMFILE", "ELOOP", "ENAMETOOLONG", "EDQUOT", "EFBIG", "ENOTEMPTY", "EXDEV"]);

/** Exit code of an error (DESIGN section 4): the class says it, operating system errors of files are 5, anything else 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandExit || error instanceof GaugegradError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" && FILE_ERRORS.has(code) ? EXIT.file : EXIT.failure;
}

/** A production that is complete and cannot be trusted: the first of its alarms is the line that stderr gets, with --quiet too; the summary has all. */
export function untrusted(command: string, [first, ...more]: readonly string[]): PhysicsCheckError {
  return new PhysicsCheckError(`${command}: ${first}${more.length > 0 ? ` (and ${more.length} more in the summary)` : ""}`);
}

/** The line that stderr gets, or "" when everything has been said; with `debug` the stack and its causes. */
export function errorText(error: unknown, debug: boolean): string {
  if (error instanceof CommandExit) return "";
  if (error instanceof CommanderError) {
    // help and version have been printed by then
    if (error.exitCode === 0 || error.code === "commander.help") return "";
    return `gaugegrad: ${oneLine(error.message.replace(/^error: /, ""))}: see gaugegrad --help\n`;
  }
  if (debug && error instanceof Error) {
    const cause = error.cause === undefined ? "" : `caused by: ${error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause)}\n`;
    return `gaugegrad: ${error.stack ?? error.message}\n${cause}`;
  }
  return `gaugegrad: ${oneLine(error instanceof Error ? error.message : String(error))}\n`;
}

function oneLine(text: string): string {
  return printable(text.trim().replace(/\s*[\r\n]+\s*/g, " "));
}
