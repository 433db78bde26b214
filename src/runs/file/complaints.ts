/** What is wrong with tables that a schema refuses: every complaint names the key, what stands there and what was expected. */
import type { z } from "zod";
import { nearest } from "../../util/index.ts";

type Issue = z.core.$ZodIssue;
/** Keys that lead to a value. */
export type Path = readonly PropertyKey[];

/** At most three complaints in one line. `schema`: the same schema as JSON Schema of its input. */
export function complaints(issues: readonly Issue[], raw: unknown, schema: Node, where: (path: Path) => string = (path) => pathText(path) || "file"): string {
  const lines = issues.flatMap((issue) => complaintsAbout(issue, raw, schema, where));
  return `${lines.slice(0, 3).join("; ")}${lines.length > 3 ? `; and ${lines.length - 3} more` : ""}`;
}

/** One line about an issue, or several. `where`: how a path is written. */
function complaintsAbout(issue: Issue, raw: unknown, schema: Node, where: (path: Path) => string): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path, raw, schema);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      return `${where([...issue.path, key])}: got an unknown key, expected one of ${known.join(", ")}${near === undefined ? "" : `: did you mean ${near}?`}`;
    });
  }
  // the member of a union that got furthest into the value knows best
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const deepest = issue.errors.filter((e) => e.length > 0 && e.every((i) => i.path.length > 0 || i.code === "unrecognized_keys"));
    if (deepest.length > 0) return deepest[0]!.flatMap((inner) => complaintsAbout({ ...inner, path: [...issue.path, ...inner.path] }, raw, schema, where));
  }
  const value = valueOf(raw, issue.path);
  const expected = expectedOf(issue, schema);
  const hint = typeof value === "string" ? nearest(value, namesOf(issue, schema)) : undefined;
  return [`${where(issue.path)}: got ${valueText(value)}, expected ${expected}${hint === undefined ? "" : `: did you mean "${hint}"?`}`];
}

/** Texts that an issue would accept. */
function namesOf(issue: Issue, schema: Node): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code !== "invalid_union") return [];
  return issue.discriminator === undefined ? issue.errors.flatMap((e) => e.flatMap((i) => namesOf(i, schema))) : kindsOf(issue.path, schema);
}

function expectedOf(issue: Issue, schema: Node): string {
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
      if (issue.discriminator !== undefined) return kindsOf(issue.path, schema).map((k) => JSON.stringify(k)).join(", ");
      return [...new Set(issue.errors.flatMap((e) => (e[0] ? [expectedOf(e[0], schema)] : [])))].join(" or ");
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

export const pathText = (path: Path): string => path.reduce<string>((s, key) => (typeof key === "number" ? `${s}[${key}]` : s === "" ? String(key) : `${s}.${String(key)}`), "");

const valueOf = (raw: unknown, path: Path): unknown => path.reduce<unknown>((x, key) => (typeof x === "object" && x !== null ? (x as Record<PropertyKey, unknown>)[key] : undefined), raw);

/** What a JSON Schema says of a value. */
export interface Node {
  readonly properties?: { readonly [key: string]: Node };
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly const?: unknown;
}

/** Schema nodes that may describe a path; of unions by kind only the one that the value names. */
function nodesAt(path: Path, raw: unknown, schema: Node): Node[] {
  let nodes: Node[] = alternatives(schema, raw);
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

function knownKeys(path: Path, raw: unknown, schema: Node): string[] {
  const keys = [...new Set(nodesAt(path, raw, schema).flatMap((n) => Object.keys(n.properties ?? {})))].filter((key) => key !== "moduleSha256");
  return keys.includes("kind") ? ["kind", ...keys.filter((key) => key !== "kind")] : keys;
}

/** The kinds of a union, from the path of its discriminator. */
function kindsOf(path: Path, schema: Node): string[] {
  const kinds = nodesAt(path.slice(0, -1), undefined, schema).flatMap((n) => n.properties?.[String(path.at(-1))]?.const ?? []);
  return kinds.map(String);
}
