/** A run as plain data, so that another thread can make it: a run file or a definition, the folder, the engine. */
import type { LatticeOptions } from "../../gauge/index.ts";
import { type RunDefinition, defineRunOfFiles } from "../file/define.ts";
import { readRunFile } from "../file/parse.ts";
import { type RunEnd, produce } from "../production/production.ts";
import type { RunCommand } from "../records.ts";
import { resolveRun } from "../file/resolve.ts";
import type { ResolvedRun } from "../resolved-run.ts";

/** A run file with another seed and a stream of its own. */
export interface FileSource {
  readonly command: RunCommand;
  readonly file: string;
  /** Instead of the seed of the run file. */
  readonly seed?: number | undefined;
  /** Added to the stream of the run file. */
  readonly stream: number;
}

/** A definition whose own parts, if it has any, are named by their modules. */
export interface DefinitionSource {
  readonly definition: RunDefinition;
  /** Folder that relative paths start from. */
  readonly base?: string | undefined;
}

/** What one thread makes. */
export interface RunTask {
  readonly source: FileSource | DefinitionSource;
  readonly folder: string;
  readonly engine?: LatticeOptions | undefined;
  readonly extend?: boolean | undefined;
  readonly maxSeconds?: number | undefined;
}

/** What is heard of a task. */
export interface TaskHooks {
  readonly signal: AbortSignal;
  readonly onWarning: (text: string) => void;
  /** `acceptance`: of the phase so far, after a trajectory. */
  readonly onPosition: (position: number, total: number, acceptance?: number) => void;
}

async function runOf(source: RunTask["source"]): Promise<ResolvedRun> {
  if ("definition" in source) return defineRunOfFiles(source.definition, source.base === undefined ? {} : { base: source.base });
  const file = await readRunFile(source.file);
  const { sampler } = file.configuration;
  return resolveRun(source.command, { ...file, configuration: { ...file.configuration, sampler: { ...sampler, ...(source.seed === undefined ? {} : { seed: source.seed }), stream: sampler.stream + source.stream } } });
}

/** Makes a run, or goes on with it. */
export async function makeRun({ source, ...options }: RunTask, { signal, onWarning, onPosition }: TaskHooks): Promise<RunEnd> {
  const run = await runOf(source);
  let end: RunEnd | undefined;
  for await (const event of produce({ run, ...options, signal })) {
    if (event.kind === "warning") onWarning(event.text);
    else if (event.kind === "done" || event.kind === "stop") end = event as RunEnd;
    if (event.kind === "trajectory") onPosition(event.position, event.total, event.acceptance);
    else if (event.kind !== "stopping") onPosition(event.position, event.total);
  }
  return end!;
}
