/** Runs in folders of their own: as child processes of the built command line, which can be killed, and what they leave. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { latestCheckpoint } from "../../src/io/index.ts";
import type { CheckpointState } from "../../src/runs/records.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "dist/cli/main.js");
const faults = join(root, "test/cli/killing.mjs");

/** A temporary folder that is removed with the test file's others. */
export class Scratch implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "gaugegrad-run-"));
  #names = 0;

  /** A path that does not exist yet. */
  path(): string {
    return join(this.folder, `run-${this.#names++}`);
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line as a process. `fault` as in killing.mjs; `onStarted` is called when the run reports its first progress line. */
export function start(argv: readonly string[], options: { readonly fault?: string } = {}): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const { fault } = options;
  const child = spawn(process.execPath, [...(fault ? ["--import", faults] : []), main, ...argv], { env: { ...process.env, ...(fault ? { GAUGEGRAD_TEST_FAULT: fault } : {}) }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (t) => (stdout += String(t)));
  child.stderr.on("data", (t) => (stderr += String(t)));
  return { child, ended: new Promise((done) => child.on("close", (code, signal) => done({ code, signal, stdout, stderr }))) };
}

/** Lines of a file; none where there is no file. */
export const linesOf = (file: string): number => (existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0);

/** Resolves when the file has this many lines. */
export async function lines(file: string, count: number): Promise<void> {
  while (linesOf(file) < count) await new Promise((again) => setTimeout(again, 5));
}

/** Makes a named pipe, which blocks whoever opens it. */
export function mkfifo(path: string): void {
  if (spawnSync("mkfifo", [path]).status !== 0) throw new Error(`mkfifo ${path} failed`);
}

/** Self-learning HMC with training of U(1) with two flavours in two dimensions: everything that a run can have, in milliseconds a trajectory. */
export function smallRun(options: { readonly thermalise?: number; readonly train?: number; readonly sample?: number; readonly checkpoint?: number; readonly beta?: number; readonly extra?: string } = {}): string {
  const { thermalise = 3, train = 8, sample = 9, checkpoint = 2, beta = 2, extra = "" } = options;
  return `group = "U(1)"
[lattice]
extents = [4, 4]
[start]
kind = "hot"
[action]
beta = ${beta}
[fermions]
flavours = 2
mass = 0.3
[network]
kind = "covariant"
layers = 1
[guide]
masses = [0.4]
trainable = ["network", "gauge.beta"]
[sampler]
steps = 4
seed = 11
thermalisation = ${thermalise}
trajectories = ${sample}
[training]
trajectories = ${train}
batch = 3
replay = 5
rate = 2e-2
clip = 10.0
[measurement]
observables = ["polyakov", "condensate", "charge", "forces"]
[output]
checkpoint = ${checkpoint}
configurations = { every = 4, format = "npy" }
[checks]
every = 7
${extra}`;
}

/** Final state, as bytes that an uninterrupted run must have as well. */
export function finalBits(folder: string): { readonly links: string; readonly parameters: string; readonly metrics: string; readonly model: string; readonly position: number; readonly done: boolean } {
  const state = latestCheckpoint(folder)!.state as CheckpointState;
  const hex = (x: Float64Array): string => Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString("hex");
  return {
    links: state.links.map(hex).join("\n"),
    parameters: state.parameters ? hex(state.parameters.values) : "",
    metrics: readFileSync(join(folder, "metrics.jsonl"), "utf8"),
    model: existsSync(join(folder, "model.gaugegrad")) ? readFileSync(join(folder, "model.gaugegrad")).toString("hex") : "",
    position: state.position,
    done: state.done,
  };
}
