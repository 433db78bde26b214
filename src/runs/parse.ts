/** From the text of a run file to a resolved configuration; every complaint names the key, what stands there and what was expected. */
import { basename, dirname, resolve } from "node:path";
import { TomlError, parse } from "smol-toml";
import type { z } from "zod";
import { ConfigurationError } from "../errors.ts";
import { nearest, readRegularFile } from "../util/index.ts";
import { isRun, readRunInfo } from "./folder.ts";
import { withOwnParts } from "./modules/own-parts.ts";
import { builtIn } from "./registry/built-in.ts";
import type { Registry } from "./registry/registry.ts";
import type { RunFile } from "./resolved-run.ts";
import { runJsonSchema, runSchema } from "./schema.ts";
import { DEFAULT_KIND, type RunConfiguration } from "./sections.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** No run file is longer. */
const MAX_BYTES = 1 << 24;

/** Reads a run file and loads the modules that it names; paths stay as they are written. @throws FileFormatError when it or a module cannot be read, ConfigurationError as `parseRun`. */
export async function readRunFile(file: string, registry: Registry = builtIn): Promise<RunFile> {
  const text = readRegularFile(file, "a run file: gaugegrad init --list names starters", MAX_BYTES).toString("utf8");
  const base = baseOf(file);
  const own = await withOwnParts(oneList(tables(text, file)), base, registry);
  return { configuration: configurationOf(own.raw, file, own.registry), base, registry: own.registry };
}

/** Folder that relative paths of a run file start from: its own; for config.toml in the folder of a run that of the run file it came from. */
function baseOf(file: string): string {
  const folder = dirname(file);
  return basename(file) === "config.toml" && isRun(folder) ? resolve(folder, readRunInfo(folder).base ?? ".") : folder;
}

/** The configuration that a text means, without modules. @throws ConfigurationError for text that is not TOML, unknown keys and wrong values. */
export function parseRun(text: string, source: string, registry: Registry = builtIn): RunConfiguration {
  return configurationOf(oneList(tables(text, source)), source, registry);
}

/** One field of fermions needs no list. */
function oneList(raw: Table): Table {
  const listed = (x: Table): Table => (isTable(x["fermions"]) ? { ...x, fermions: [x["fermions"]] } : x);
  return isTable(raw["guide"]) ? { ...listed(raw), guide: listed(raw["guide"]) } : listed(raw);
}

/** The configuration that tables mean. @throws ConfigurationError for unknown keys and wrong values. */
export function configurationOf(raw: Table, source: string, registry: Registry): RunConfiguration {
  const given = withKinds(raw);
  // of one field the index says nothing
  const single = Array.isArray(given["fermions"]) && given["fermions"].length === 1;
  const result = runSchema(registry).safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => complaints(issue, given, single, registry));
  const more = lines.length > 3 ? `; and ${lines.length - 3} more` : "";
  throw new ConfigurationError(`${source}: ${lines.slice(0, 3).join("; ")}${more}`);
}

type Table = Readonly<Record<string, unknown>>;

function tables(text: string, source: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    throw new ConfigurationError(`${source}: line ${error.line}, column ${error.column}: ${reason}, expected TOML`);
  }
}

const isTable = (x: unknown): x is Table => typeof x === "object" && x !== null && !Array.isArray(x);

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

function complaints(issue: Issue, raw: unknown, single: boolean, registry: Registry): string[] {
  const where = (path: Path): string => pathText(single && path[0] === "fermions" && path[1] === 0 ? ["fermions", ...path.slice(2)] : path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path, raw, registry);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      return `${where([...issue.path, key])}: got an unknown key, expected one of ${known.join(", ")}${near === undefined ? "" : `: did you mean ${near}?`}`;
    });
  }
  // the member of a union that got furthest into the value knows best
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const deepest = issue.errors.filter((e) => e.length > 0 && e.every((i) => i.path.length > 0 || i.code === "unrecognized_keys"));
    if (deepest.length > 0) return deepest[0]!.flatMap((inner) => complaints({ ...inner, path: [...issue.path, ...inner.path] }, raw, single, registry));
  }
  const value = valueOf(raw, issue.path);
  const expected = expectedOf(issue, registry);
  const hint = typeof value === "string" ? nearest(value, namesOf(issue, registry)) : undefined;
  return [`${where(issue.path)}: got ${valueText(value)}, expected ${expected}${hint === undefined ? "" : `: did you mean "${hint}"?`}`];
}

/** Texts that an issue would accept. */
function namesOf(issue: Issue, registry: Registry): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code !== "invalid_union") return [];
  return issue.discriminator === undefined ? issue.errors.flatMap((e) => e.flatMap((i) => namesOf(i, registry))) : kindsOf(issue.path, registry);
}

function expectedOf(issue: Issue, registry: Registry): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected as string] ?? issue.expected;
    case "invalid_value":
      return issue.values.map((v) => JSON.stringify(v)).join(", ").replace(/, ([^,]*)$/, issue.values.length > 1 ? " or $1" : "");
    case "too_small":
      return issue.origin === "array" ? `at least ${issue.minimum} of them` : issue.origin === "string" ? "a text that is not empty" : `a number ${issue.inclusive ? "of at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return issue.origin === "array" ? `at most ${issue.maximum} of them` : `a number ${issue.inclusive ? "of at most" : "below"} ${issue.maximum}`;
    case "invalid_union":
      if (issue.discriminator !== undefined) return kindsOf(issue.path, registry).map((k) => JSON.stringify(k)).join(", ");
      return [...new Set(issue.errors.flatMap((e) => (e[0] ? [expectedOf(e[0], registry)] : [])))].join(" or ");
    default:
      return issue.message.replace(/^expected /, "");
  }
}

const TYPES: { readonly [type: string]: string } = {
  number: "a number", int: "an integer", string: "a text", boolean: "true or false", array: "a list", object: "a table", record: "a table",
};

function valueText(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Date) return `${value.toISOString()} (a date)`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? (value.length <= 4 ? `the list ${JSON.stringify(value)}` : `a list of ${value.length}`) : `the table ${JSON.stringify(value).slice(0, 60)}`;
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
}

const pathText = (path: Path): string => path.reduce<string>((s, key) => (typeof key === "number" ? `${s}[${key}]` : s === "" ? String(key) : `${s}.${String(key)}`), "");

const valueOf = (raw: unknown, path: Path): unknown => path.reduce<unknown>((x, key) => (typeof x === "object" && x !== null ? (x as Record<PropertyKey, unknown>)[key] : undefined), raw);

interface Node {
  readonly properties?: { readonly [key: string]: Node };
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly const?: unknown;
}

/** Schema nodes that may describe a path; of unions by kind only the one that the value names. */
function nodesAt(path: Path, raw: unknown, registry: Registry): Node[] {
  let nodes: Node[] = alternatives(runJsonSchema(registry) as Node, raw);
  let value = raw;
  for (const key of path) {
    value = valueOf(value, [key]);
    nodes = nodes.flatMap((n) => {
      const next = typeof key === "number" ? n.items : (n.properties?.[String(key)] ?? n.additionalProperties);
      return typeof next === "object" ? alternatives(next, value) : [];
    });
  }
  return nodes;
}

function alternatives(node: Node, value: unknown): Node[] {
  const branches = node.anyOf ?? node.oneOf;
  if (!branches) return [node];
  const named = branches.filter((b) => ["kind", "objective"].some((key) => b.properties?.[key]?.const !== undefined && b.properties[key].const === valueOf(value, [key])));
  return (named.length > 0 ? named : branches).flatMap((b) => alternatives(b, value));
}

function knownKeys(path: Path, raw: unknown, registry: Registry): string[] {
  const keys = [...new Set(nodesAt(path, raw, registry).flatMap((n) => Object.keys(n.properties ?? {})))].filter((key) => key !== "moduleSha256");
  return keys.includes("kind") ? ["kind", ...keys.filter((key) => key !== "kind")] : keys;
}

/** The kinds of a union, from the path of its discriminator. */
function kindsOf(path: Path, registry: Registry): string[] {
  const kinds = nodesAt(path.slice(0, -1), undefined, registry).flatMap((n) => n.properties?.[String(path.at(-1))]?.const ?? []);
  return kinds.map(String);
}
