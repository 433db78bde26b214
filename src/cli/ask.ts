/** Questions on a terminal: a line each, Enter for the default, Tab completes choices, Ctrl-C and the end of the input give up. */
import { createInterface } from "node:readline";
import { UsageError } from "../errors.ts";
import type { Question } from "../runs/index.ts";
import type { Terminal } from "./context.ts";

/** Asks until the questions are over, and returns what they make of the answers. @throws UsageError when the input ends before. */
export async function answered<T>(questions: Generator<Question, T, string>, { input, output }: Terminal, command: string): Promise<T> {
  let choices: readonly string[] = [];
  const completer = (line: string): [string[], string] => [choices.filter((c) => c.startsWith(line)), line];
  const terminal = "isTTY" in input && input.isTTY === true;
  const reader = createInterface({ input, output, completer, terminal });
  reader.on("SIGINT", () => reader.close());
  // lines that arrive together wait for their questions
  const lines = reader[Symbol.asyncIterator]();
  try {
    for (let next = questions.next(); ; ) {
      if (next.done) return next.value;
      const { text, fallback, problem } = next.value;
      choices = next.value.choices ?? [];
      if (problem !== undefined) output.write(`  ${problem}\n`);
      if (choices.length > 0) output.write(`  ${choices.join(", ")}\n`);
      reader.setPrompt(`${text} [${fallback}]: `);
      reader.prompt();
      const line = await lines.next();
      if (line.done) throw new UsageError(`${command}: got the end of the input before the last question, expected an answer or Enter: gaugegrad init KIND asks nothing`);
      next = questions.next(line.value);
    }
  } finally {
    reader.close();
  }
}
