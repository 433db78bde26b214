/** The folder of a run: names, whether it is one, and what an interrupted write has left. */
import { appendFileSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { parse, stringify } from "smol-toml";
import type { FieldData } from "../../autograd/index.ts";
import type { Comm } from "../../backend/index.ts";
import { FileFormatError } from "../../errors.ts";
import { latestCheckpoint } from "../../io/index.ts";
import { makeFolder, namesIn, readRegularFile, writeFileAtomic } from "../../util/index.ts";
import { expectState } from "./checkpoint-state.ts";
import type { CheckpointState, EventRecord, MetricsRecord, RunInfo } from "../records.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import type { RunConfiguration } from "../sections/sections.ts";

/** Paths of a run's files. */
export interface RunPaths {
  readonly folder: string;
  readonly info: string;
  readonly configuration: string;
  readonly metrics: string;
  readonly events: string;
  readonly model: string;
  /** Copy of the model file that the run started from. */
  readonly network: string;
  readonly configurations: string;
}

/** Paths inside a run folder; touches no file. */
export function runPaths(folder: string): RunPaths {
  const at = (name: string): string => join(folder, name);
  return { folder, info: at("run.json"), configuration: at("config.toml"), metrics: at("metrics.jsonl"), events: at("events.jsonl"), model: at("model.gaugegrad"), network: at("network.gaugegrad"), configurations: at("configurations") };
}

/** What a new run may find: its own lock, what a start that failed or a write that was killed has left. */
const TRANSIENT = /^(lock(\.\d+\.stale)?|STOP|events\.jsonl|network\.gaugegrad)$|^\..*\.\d+\.tmp$|\.\d+\.tmp$/;

/** Makes the folder. @throws FileFormatError when that is impossible, or when it holds something that is not a run. */
export function prepareFolder(folder: string): RunPaths {
  const paths = runPaths(folder);
  try {
    makeFolder(folder);
    const others = readdirSync(folder).filter((name) => !TRANSIENT.test(name));
    // links would be written where nobody looks for them
    if (lstatSync(paths.configurations, { throwIfNoEntry: false })?.isSymbolicLink() && !realpathSync(paths.configurations).startsWith(`${realpathSync(folder)}${sep}`)) throw new FileFormatError(`${paths.configurations}: got a link out of the folder of the run, expected a folder in it: remove the link`);
    if (others.length > 0 && !existsSync(paths.info)) throw new FileFormatError(`${folder}: got a folder with ${others.slice(0, 3).join(", ")}${others.length > 3 ? ` and ${others.length - 3} more` : ""} that is no run, expected a new or empty folder, or that of a run: give another --dir`);
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`${folder}: cannot be used (${(error as Error).message.split(",")[0]}), expected a folder that can be made and written to`);
  }
  return paths;
}

/** A folder within that of the run, made when it is not there. @throws FileFormatError for a link that leads out of it. */
export function insideOf({ folder }: RunPaths, name: string): string {
  const at = join(folder, name);
  try {
    mkdirSync(at, { recursive: true });
    if (dirname(realpathSync(at)) === realpathSync(folder)) return at;
  } catch (error) {
    throw new FileFormatError(`${at}: cannot be used (${(error as Error).message.split(",")[0]}), expected a folder that can be made and written to`);
  }
  throw new FileFormatError(`${at}: got a link to ${realpathSync(at)}, expected a folder within that of the run: remove the link`);
}

/** The first checkpoint is older than the first line: lines without any checkpoint belong to a run that lost it. */
export function expectNoLines({ folder, metrics }: RunPaths): void {
  const size = statSync(metrics, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) throw new FileFormatError(`${folder}: got ${size} bytes of metrics.jsonl and no checkpoint, expected one: restore it from a copy, or give another --dir`);
}

/** Removes what killed writes have left; only for the holder of the lock. */
export function removeLeftovers({ folder, configurations }: RunPaths): void {
  for (const at of [folder, ...[configurations, join(folder, "observables")].filter(existsSync)])
    for (const name of namesIn(at)) if (name.endsWith(".tmp") && TRANSIENT.test(name)) rmSync(join(at, name), { force: true });
}

/** Writes run.json and config.toml. @throws FileFormatError when that is impossible. */
export function writeRunFiles(paths: RunPaths, run: { readonly command: RunInfo["command"]; readonly hash: string; readonly base: string }, text: string, version: string): void {
  const info: RunInfo = { schemaVersion: 1, command: run.command, configurationHash: run.hash, base: relative(resolve(paths.folder), resolve(run.base)) || ".", version };
  try {
    writeFileAtomic(paths.info, `${JSON.stringify(info, null, 2)}\n`);
    writeFileAtomic(paths.configuration, text);
  } catch (error) {
    throw new FileFormatError(`${paths.folder}: cannot be written (${(error as Error).message.split(",")[0]}), expected a folder with room that may be written to`);
  }
}

/** The resolved run as TOML. */
export function configurationText({ command, configuration }: Pick<ResolvedRun, "command" | "configuration">): string {
  return `# gaugegrad ${command}: the run as resolved, with every default\n\n${stringify(configuration)}\n`;
}

/** Adds a line to events.jsonl. A full disk must not hide the reason that is reported. */
export function recordEvent({ events }: RunPaths, event: EventRecord): void {
  try {
    appendFileSync(events, `${JSON.stringify(event)}\n`);
  } catch {
    // the event has been or will be printed as well
  }
}

/** True for the folder of a run. */
export function isRun(folder: string): boolean {
  return existsSync(runPaths(folder).info);
}

/** run.json. @throws FileFormatError when the folder is no run. */
export function readRunInfo(folder: string): RunInfo {
  const { info } = runPaths(folder);
  if (!existsSync(info)) throw new FileFormatError(`${folder}: got no run.json, expected the folder of a run: start one with gaugegrad hmc, train or slhmc`);
  try {
    return JSON.parse(readFileSync(info, "utf8")) as RunInfo;
  } catch {
    throw new FileFormatError(`${info}: is no JSON, expected what gaugegrad wrote: restore it from a copy`);
  }
}

/** config.toml, as resolved; a model file of the network is the copy that the run has of it. */
export function readConfiguration(folder: string): RunConfiguration {
  const { configuration, network: copy } = runPaths(folder);
  const c = parse(readFileSync(configuration, "utf8")) as unknown as RunConfiguration;
  if (c.network?.kind !== "model" || isAbsolute(String(c.network["file"]))) return c;
  return { ...c, network: { ...c.network, file: existsSync(copy) ? copy : resolve(folder, readRunInfo(folder).base ?? ".", String(c.network["file"])) } };
}

/** True when run.json is that of the checkpoint; one that was damaged is written anew. */
export function sameInfo({ folder }: RunPaths, state: Pick<CheckpointState, "command" | "configurationHash">): boolean {
  try {
    const { command, configurationHash } = readRunInfo(folder);
    return command === state.command && configurationHash === state.configurationHash && existsSync(runPaths(folder).configuration);
  } catch {
    return false;
  }
}

/** Complete lines of a JSON Lines file; one that is being written is left out. @throws FileFormatError for a line that is no JSON. */
export function readLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const text = readRegularFile(file, "lines as gaugegrad wrote them: restore the file from a copy").toString("utf8");
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").flatMap((line, k) => (line === "" ? [] : [parsed<T>(line, file, k + 1)]));
}

function parsed<T>(line: string, file: string, number: number): T {
  try {
    return JSON.parse(line) as T;
  } catch (error) {
    throw new FileFormatError(`${file}: line ${number} is no JSON (${(error as Error).message}), expected a line as it was written: restore the file from a copy`);
  }
}

/** The lines of metrics.jsonl so far. */
export function readMetrics(folder: string): MetricsRecord[] {
  return readLines(runPaths(folder).metrics);
}

/** The lines of events.jsonl so far. */
export function readEvents(folder: string): EventRecord[] {
  return readLines(runPaths(folder).events);
}

/** A checkpoint of a run, with what was wrong with newer ones. */
export interface FoundState<F extends FieldData = readonly Float64Array[]> {
  readonly state: CheckpointState<F>;
  readonly file: string;
  readonly damaged: readonly string[];
}

/**
 * The newest whole checkpoint of a run; undefined before the first. Several ranks look together, and have the values of fields by site.
 * @throws FileFormatError when all are damaged.
 */
export function readState(folder: string): FoundState | undefined;
export function readState(folder: string, comm: Comm): FoundState<FieldData> | undefined;
export function readState(folder: string, comm?: Comm): FoundState<FieldData> | undefined {
  const found = latestCheckpoint(folder, comm);
  if (!found) return undefined;
  return { state: expectState(found.file, found.state), file: found.file, damaged: found.damaged };
}

