/**
 * observables/NAME.txt: the measurements of a run once more, one file an observable, columns of text as plotting programs and numpy.loadtxt read them:
 *
 *     # trajectory plaquette.xy plaquette.xz ...
 *     12 0.5931 0.5917 ...
 *
 * flow.txt has a line a flow time. They follow from metrics.jsonl, which stays what counts, and are written when a run ends or stops.
 */
import { join } from "node:path";
import { writeFileAtomic } from "../../util/index.ts";
import { type RunPaths, insideOf, readMetrics } from "./folder.ts";
import type { MeasurementRecord, MetricsRecord } from "../records.ts";
import type { ObservablePart } from "../parts/part.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { observablesOf } from "../schema.ts";

/** Is this value one of the observable's? */
const owns = ({ name, label }: Pick<ObservablePart, "name" | "label">, value: string): boolean => value === name || value === `|${name}|` || value.startsWith(`${name}.`) || value.startsWith(`${name}(`) || label?.(value) !== undefined;

/** Texts by file name; values that no observable of the run calls its own stand in the file of their first word. */
export function observableTexts(records: readonly MetricsRecord[], asked: readonly Pick<ObservablePart, "name" | "label">[]): ReadonlyMap<string, string> {
  const measured = records.filter((r): r is MeasurementRecord => r.kind === "measurement");
  const columns = new Map<string, Set<string>>();
  for (const r of measured)
    for (const value of Object.keys(r.values)) {
      const file = asked.find((part) => owns(part, value))?.name ?? (/^[A-Za-z][\w+-]*/.exec(value)?.[0] ?? "other");
      const names = columns.get(file);
      if (names) names.add(value);
      else columns.set(file, new Set([value]));
    }
  const texts = new Map([...columns].map(([file, names]) => [file, tableOf(["trajectory", ...names], measured.filter((r) => [...names].some((n) => n in r.values)).map((r) => [r.trajectory, ...[...names].map((n) => r.values[n])]))]));
  const flows = measured.flatMap((r) => (r.flow ?? []).map((p) => [r.trajectory, p.t, p.plaquette, p.energyPlaquette, p.energyClover, p.topologicalCharge]));
  if (flows.length > 0) texts.set("flow", tableOf(["trajectory", "t", "plaquette", "energy.plaquette", "energy.clover", "charge"], flows));
  return texts;
}

/** Values that were not measured are nan. */
const tableOf = (names: readonly string[], rows: readonly (readonly (number | undefined)[])[]): string => `# ${names.map((n) => n.replaceAll(" ", "_")).join(" ")}\n${rows.map((row) => `${row.map((x) => x ?? "nan").join(" ")}\n`).join("")}`;

/** Writes the files of a run that has measured something. */
export function tabulate(paths: RunPaths, { configuration, registry }: ResolvedRun): void {
  const records = readMetrics(paths.folder);
  if (!records.some((r) => r.kind === "measurement")) return;
  const folder = insideOf(paths, "observables");
  for (const [name, text] of observableTexts(records, observablesOf(configuration, registry).map(({ part }) => part))) writeFileAtomic(join(folder, `${name}.txt`), text);
}
