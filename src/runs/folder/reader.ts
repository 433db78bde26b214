/** A run folder as reports and programs see it: read without its lock, while the run goes on or after it was killed. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { FileFormatError } from "../../errors.ts";
import { checkpointPositions } from "../../io/index.ts";
import type { Estimate } from "../../util/index.ts";
import { readConfiguration, readRunInfo, readState, runPaths } from "./folder.ts";
import { lockHolder } from "./lock.ts";
import type { CheckpointState, EventRecord, MetricsRecord, RunInfo } from "../records.ts";
import type { RunConfiguration } from "../sections/sections.ts";
import { summaryOf } from "../summary/summary.ts";
import { JsonLines } from "./json-lines.ts";

/** Everything a report is made of. */
export interface RunView {
  readonly folder: string;
  readonly info: RunInfo;
  readonly configuration: RunConfiguration;
  /** config.toml as it stands there. */
  readonly configurationText: string;
  readonly metrics: readonly MetricsRecord[];
  readonly events: readonly EventRecord[];
  /** Newest whole checkpoint; absent before the first, and when none can be read. */
  readonly state?: CheckpointState;
  /** A process works in the folder. */
  readonly running: boolean;
  /** What could not be read, one sentence each. */
  readonly notes: readonly string[];
}

const hasKind = (value: unknown, kinds: readonly string[]): boolean => typeof value === "object" && value !== null && kinds.includes((value as { kind?: string }).kind ?? "");
const isMetrics = (value: unknown): value is MetricsRecord => hasKind(value, ["trajectory", "measurement", "training", "epoch", "check"]);
const isEvent = (value: unknown): value is EventRecord => hasKind(value, ["start", "resume", "change", "stop", "done", "failure", "warning"]);

/** Reads a folder again and again; only what is new is read. */
export class RunReader {
  readonly #folder: string;
  readonly #metrics: JsonLines<MetricsRecord>;
  readonly #events: JsonLines<EventRecord>;
  #seen: RunView | undefined;
  #newest = -1;

  /** @throws FileFormatError when the folder is that of no run. */
  constructor(folder: string) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new FileFormatError(`${folder}: is no folder, expected the folder of a run: start one with gaugegrad hmc, train or slhmc`);
    const { command } = readRunInfo(folder);
    if (command.startsWith("spins")) throw new FileFormatError(`${folder}: got a run of gaugegrad ${command}, expected one of hmc, train or slhmc: the same command prints its results again`);
    this.#folder = folder;
    const paths = runPaths(folder);
    this.#metrics = new JsonLines(paths.metrics, isMetrics);
    this.#events = new JsonLines(paths.events, isEvent);
  }

  /** The run as it stands; the same object as before when nothing has changed. @throws FileFormatError when run.json or config.toml is gone. */
  read(): RunView {
    const before = this.#seen;
    const resumed = this.#events.update();
    // a run that goes on cuts off what was written after its checkpoint
    if (resumed) this.#metrics.reset();
    const moved = this.#metrics.update();
    const running = lockHolder(this.#folder) !== undefined;
    const newest = checkpointPositions(this.#folder)[0] ?? -1;
    if (before && !resumed && !moved && running === before.running && newest === this.#newest) return before;
    const { state, note } = newest === this.#newest && before ? { state: before.state, note: undefined } : this.#state();
    this.#newest = newest;
    const view: RunView = {
      folder: this.#folder,
      info: readRunInfo(this.#folder),
      ...this.#configuration(),
      metrics: [...this.#metrics.records],
      events: [...this.#events.records],
      ...(state ? { state } : {}),
      running,
      notes: [...(note === undefined ? [] : [note]), ...damageOf("metrics.jsonl", this.#metrics, running), ...missing(this.#metrics, state, running), ...damageOf("events.jsonl", this.#events, running)],
    };
    this.#seen = view;
    return view;
  }

  /** Values of the production with errors and autocorrelation times: `acceptance`, `expMinusDH`, `plaquette`, and what was measured by its name in metrics.jsonl. */
  summary(): Readonly<Record<string, Estimate>> {
    const { metrics, state } = this.read();
    const { "exp(-dH)": expMinusDH, ...estimates } = summaryOf(metrics, state?.parameters ?? null).estimates;
    return { ...(expMinusDH ? { expMinusDH } : {}), ...estimates };
  }

  #configuration(): { configuration: RunConfiguration; configurationText: string } {
    const { configuration } = runPaths(this.#folder);
    if (!existsSync(configuration)) throw new FileFormatError(`${configuration}: is missing, expected the run as resolved: restore it from a copy, or start the run again`);
    try {
      return { configuration: readConfiguration(this.#folder), configurationText: readFileSync(configuration, "utf8") };
    } catch (error) {
      throw new FileFormatError(`${configuration}: got text that is not TOML (${(error as Error).message.split("\n")[0]}), expected what gaugegrad wrote: restore it from a copy`);
    }
  }

  #state(): { state?: CheckpointState | undefined; note?: string | undefined } {
    try {
      const found = readState(this.#folder);
      return { state: found?.state, note: found && found.damaged.length > 0 ? `A damaged checkpoint was passed over: ${found.damaged.join("; ")}.` : undefined };
    } catch (error) {
      return { note: `No checkpoint can be read: ${(error as Error).message}.` };
    }
  }
}

/** Lines that the checkpoint counts and the file does not have. While the run goes on, both change between two looks. */
function missing({ lines }: JsonLines<unknown>, state: CheckpointState | undefined, running: boolean): string[] {
  const counted = running ? 0 : (state?.metrics.lines ?? 0);
  return lines < counted ? [`metrics.jsonl: ${lines} lines of the ${counted} that the checkpoint counts are there, others are missing.`] : [];
}

function damageOf(name: string, lines: JsonLines<unknown>, running: boolean): string[] {
  const { damaged, unfinished } = lines;
  const shown = `${damaged.slice(0, 5).join(", ")}${damaged.length > 5 ? ", ..." : ""}`;
  return [
    ...(damaged.length > 0 ? [`${name}: ${damaged.length === 1 ? `line ${shown} is` : `${damaged.length} lines (${shown}) are`} damaged and left out.`] : []),
    ...(unfinished && !running ? [`${name}: the last line is incomplete, as a killed run leaves it; it is left out.`] : []),
  ];
}

/** What a run has written so far, while it goes on or later. @throws FileFormatError when the folder is that of no run. */
export function readRun(folder: string): RunReader {
  return new RunReader(folder);
}
