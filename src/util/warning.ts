/** What library functions have to say and no one else to tell. */
import { say } from "#platform/util/host";

/** A warning of the process (`process.on("warning", ...)`, stderr by default), or of the console where there is no process. */
export function emitWarning(text: string): void {
  const { process } = globalThis as { process?: { emitWarning?: (text: string, type: string) => void } };
  if (process?.emitWarning) process.emitWarning(text, "GaugegradWarning");
  else console.warn(text);
}

/** One line on stderr for what is done otherwise than it was asked for. Whoever says it remembers that it was said. */
export function notice(text: string): void {
  say(`gaugegrad: ${text}`);
}
