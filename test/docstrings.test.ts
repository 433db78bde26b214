/** Everything public has a docstring: each declaration that the package's entries and the rooms' indices export. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const texts = new Map<string, string>();
function textOf(file: string): string {
  if (!texts.has(file)) texts.set(file, readFileSync(join(root, file), "utf8"));
  return texts.get(file)!;
}
const target = (file: string, path: string): string => (path.startsWith("#platform/") ? `src/${path.slice("#platform/".length)}.node.ts` : relative(root, resolve(root, dirname(file), path)));

const DECLARATION = /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|interface|type|const|let|enum)\s+(\w+)\b/gm;
const LISTS = /^export\s+(?:type\s+)?\{([^}]*)\}(?:\s+from\s+"([^"]+)")?/gm;
const STARS = /^export\s+(?:type\s+)?\*\s+from\s+"((?:\.|#platform)[^"]+)"/gm;

/** [name in the file or the target, name outside, file that has it] of the names that a file passes on; those of npm packages are documented there. */
function passedOn(file: string): (readonly [string, string, string])[] {
  return [...textOf(file).matchAll(LISTS)].flatMap(([, names, path]) =>
    path !== undefined && !/^[.#]/.test(path) ? [] : names!.split(",").map((n) => n.trim().replace(/^type\s+/, "")).filter(Boolean).map((n) => {
      const [inside, outside = inside] = n.split(/\s+as\s+/);
      return [inside!, outside!, path === undefined ? file : target(file, path)] as const;
    }),
  );
}
const stars = (file: string): string[] => [...textOf(file).matchAll(STARS)].map(([, path]) => target(file, path!));
const exported = (file: string): string[] => [
  ...[...textOf(file).matchAll(DECLARATION)].filter(([line]) => line.startsWith("export")).map(([, name]) => name!),
  ...passedOn(file).map(([, outside]) => outside),
  ...stars(file).flatMap(exported),
];

/** Where a name of a file is declared: the file, and what stands before its first declaration there (overloads share a docstring). */
function declaration(file: string, name: string): { readonly file: string; readonly before: string } | undefined {
  const own = [...textOf(file).matchAll(DECLARATION)].find(([, n]) => n === name);
  if (own) return { file, before: textOf(file).slice(0, own.index) };
  for (const [inside, outside, from] of passedOn(file)) if (outside === name && (from !== file || inside !== name)) return declaration(from, inside);
  for (const from of stars(file)) {
    const found = declaration(from, name);
    if (found) return found;
  }
  return undefined;
}
/** Ends a text with a docstring, no blank line after it? */
const documented = (before: string): boolean => before.endsWith("*/\n") && before.startsWith("/**", before.lastIndexOf("/*"));

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly exports: Readonly<Record<string, string | { readonly default: string }>> };
const published = Object.values(exports).flatMap((e) => (typeof e === "string" ? [] : [e.default.replace("./dist/", "src/").replace(/\.js$/, ".ts")]));
const rooms = readdirSync(join(root, "src")).map((room) => `src/${room}/index.ts`).filter((f) => existsSync(join(root, f)));
const entries = [...new Set([...published, ...rooms])];

test("every exported function, class, interface, type and constant has a docstring directly above it", () => {
  const seen = new Set<string>();
  const wrong = new Set<string>();
  for (const entry of entries)
    for (const name of exported(entry)) {
      const found = declaration(entry, name);
      seen.add(`${found?.file} ${name}`);
      if (!found) wrong.add(`${entry}: ${name} is declared nowhere`);
      else if (!documented(found.before)) wrong.add(`${found.file}: ${name} has no docstring`);
    }
  expect([...wrong].sort()).toEqual([]);
  // a pattern that no longer matches the sources would find nothing wrong
  expect(seen.size).toBeGreaterThan(800);
  expect(entries).toContain("src/index.ts");
});

test("a docstring stands directly above its declaration", () => {
  expect(documented("/** x. */\n")).toBe(true);
  expect(documented("/**\n * x.\n */\n")).toBe(true);
  for (const before of ["", "}\n\n", "/* x. */\n", "// x.\n", "/** x. */\n\n", "/** x. */\nconst y = 1;\n"]) expect(documented(before), before).toBe(false);
});
