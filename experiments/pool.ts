/** Tasks in child processes, a few at a time: each task is deterministic, so the results do not depend on how many run together. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/** The child's file, and a line about a result. */
export interface Program<T, R> {
  readonly file: string;
  readonly line: (task: T, result: R) => string;
}

const cli = join(dirname(createRequire(import.meta.url).resolve("gaugegrad/package.json")), "dist/cli/main.js");

function inChild<T extends { readonly seed: number }, R>(task: T, file: string): Promise<R> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, "run", join(import.meta.dirname, file), JSON.stringify(task)], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(JSON.parse(out) as R) : reject(new Error(`${file}, ${JSON.stringify(task)}: exit code ${code}`))));
  });
}

/** Results in the order of the tasks. */
export async function runAll<T extends { readonly seed: number }, R extends { readonly seconds: number }>(program: Program<T, R>, tasks: readonly T[], parallel = Math.min(2, availableParallelism())): Promise<R[]> {
  const results: R[] = [];
  const queue = tasks.map((task, k) => ({ task, k }));
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const r = (results[next.k] = await inChild<T, R>(next.task, program.file));
      console.error(`${++done}/${tasks.length}  ${program.line(next.task, r)} (${r.seconds.toFixed(0)} s)`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}
