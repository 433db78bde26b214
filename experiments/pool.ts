/** Tasks in child processes, a few at a time: each task is deterministic, so the results do not depend on how many run together. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import type { Task, TaskResult } from "./task.ts";

const cli = join(dirname(createRequire(import.meta.url).resolve("gaugegrad/package.json")), "dist/cli/main.js");
const program = join(import.meta.dirname, "task.ts");

function inChild(task: Task): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, "run", program, JSON.stringify(task)], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(JSON.parse(out) as TaskResult) : reject(new Error(`task ${task.network}, seed ${task.seed}: exit code ${code}`))));
  });
}

/** Results in the order of the tasks. */
export async function runTasks(tasks: readonly Task[], parallel = Math.min(2, availableParallelism())): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  const queue = tasks.map((task, k) => ({ task, k }));
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const r = (results[next.k] = await inChild(next.task));
      const { network, extra = [], guideMass, training, seed } = r.task;
      console.error(`${++done}/${tasks.length}  ${[network, ...extra].join(" + ")}, m_h ${guideMass}, ${training?.objective ?? "untrained"}, seed ${seed}: acceptance ${r.acceptance[0].toFixed(3)} (${r.seconds.toFixed(0)} s)`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}
