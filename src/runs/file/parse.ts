/** From the text of a run file to a resolved configuration; every complaint names the key, what stands there and what was expected. */
import { basename, dirname, resolve } from "node:path";
import { ConfigurationError } from "../../errors.ts";
import { readRegularFile } from "../../util/index.ts";
import { type Node, type Path, complaints, pathText } from "./complaints.ts";
import { isRun, readRunInfo } from "../folder/folder.ts";
import { withOwnParts } from "../modules/own-parts.ts";
import { builtIn } from "../parts/built-in.ts";
import type { Registry } from "../parts/registry.ts";
import type { RunFile } from "../resolved-run.ts";
import { runJsonSchema, runSchema } from "../schema.ts";
import { DEFAULT_KIND, type RunConfiguration } from "../sections/sections.ts";
import { MAX_BYTES, type Table, tablesOf } from "./tables.ts";

/** Reads a run file and loads the modules that it names; paths stay as they are written. @throws FileFormatError when it or a module cannot be read, ConfigurationError as `parseRun`. */
export async function readRunFile(file: string, registry: Registry = builtIn): Promise<RunFile> {
  const text = readRegularFile(file, "a run file: gaugegrad init --list names starters", MAX_BYTES).toString("utf8");
  const base = baseOf(file);
  const own = await withOwnParts(oneList(tablesOf(text, file)), base, registry);
  return { source: file, configuration: configurationOf(own.raw, file, own.registry), base, registry: own.registry };
}

/** Folder that relative paths of a run file start from: its own; for config.toml in the folder of a run that of the run file it came from. */
function baseOf(file: string): string {
  const folder = dirname(file);
  return basename(file) === "config.toml" && isRun(folder) ? resolve(folder, readRunInfo(folder).base ?? ".") : folder;
}

/** The configuration that a text means, without modules. @throws ConfigurationError for text that is not TOML, unknown keys and wrong values. */
export function parseRun(text: string, source: string, registry: Registry = builtIn): RunConfiguration {
  return configurationOf(oneList(tablesOf(text, source)), source, registry);
}

/** One field of fermions needs no list. */
function oneList(raw: Table): Table {
  const listed = (x: Table): Table => (isTable(x["fermions"]) ? { ...x, fermions: [x["fermions"]] } : x);
  return isTable(raw["guide"]) ? { ...listed(raw), guide: listed(raw["guide"]) } : listed(raw);
}

/** The configuration that tables mean. @throws ConfigurationError for unknown keys and wrong values. */
export function configurationOf(raw: Table, source: string, registry: Registry): RunConfiguration {
  const given = withMatter(withKinds(raw), registry);
  // of one field the index says nothing
  const single = Array.isArray(given["fermions"]) && given["fermions"].length === 1;
  const result = runSchema(registry).safeParse(given);
  if (result.success) return result.data;
  const where = (path: Path): string => pathText(single && path[0] === "fermions" && path[1] === 0 ? ["fermions", ...path.slice(2)] : path);
  throw new ConfigurationError(`${source}: ${complaints(result.error.issues, given, runJsonSchema(registry) as Node, where)}`);
}

const isTable = (x: unknown): x is Table => typeof x === "object" && x !== null && !Array.isArray(x);

/** Matter without links: what is measured is the matter, and the group is that of phases that stand still. */
function withMatter(raw: Table, registry: Registry): Table {
  const { matter } = raw;
  const part = isTable(matter) && typeof matter["kind"] === "string" ? registry.find("matter", matter["kind"]) : undefined;
  if (!part || part.links) return raw;
  const measurement = raw["measurement"] ?? {};
  return { group: "U(1)", ...raw, ...(isTable(measurement) ? { measurement: { observables: ["moments"], ...measurement } } : {}) };
}

/** Fills in the kind of sections that have a customary one. */
function withKinds(raw: Table): Table {
  const as = (key: string, kind: string, x: unknown): unknown => (isTable(x) && x[key] === undefined ? { ...x, [key]: kind } : x);
  const guide = raw["guide"];
  return {
    ...raw,
    ...("action" in raw ? { action: as("kind", DEFAULT_KIND.action, raw["action"]) } : {}),
    ...(Array.isArray(raw["fermions"]) ? { fermions: raw["fermions"].map((f) => as("kind", DEFAULT_KIND.fermions, f)) } : {}),
    ...(isTable(guide)
      ? {
          guide: {
            ...guide,
            ...("action" in guide ? { action: as("kind", DEFAULT_KIND.action, guide["action"]) } : {}),
            ...(Array.isArray(guide["fermions"]) ? { fermions: guide["fermions"].map((f) => as("kind", DEFAULT_KIND.fermions, f)) } : {}),
          },
        }
      : {}),
    ...("sampler" in raw ? { sampler: as("kind", DEFAULT_KIND.sampler, raw["sampler"]) } : {}),
    ...("training" in raw ? { training: as("objective", DEFAULT_KIND.objective, raw["training"]) } : {}),
  };
}
