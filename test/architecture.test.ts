/** The import table: rooms may import downwards only, and each file can be read at one sitting. */
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** Level of each room; a room imports itself and rooms of lower levels. */
const LEVEL: Readonly<Record<string, number>> = {
  "errors.ts": 1, util: 2, backend: 3, linalg: 4, autograd: 4, compiler: 5, gauge: 6, fermions: 7, check: 7, samplers: 7, training: 7, io: 7,
  models: 8, flows: 8, spins: 8, export: 8, runs: 9, report: 10, cli: 11, "index.ts": 11,
};
/** npm packages of the rooms that need any; all other rooms have none. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  util: ["msgpackr", "@noble/hashes"],
  report: ["@observablehq/plot", "linkedom", "cli-progress"],
  runs: ["zod", "smol-toml", "amaro"],
  cli: ["commander"],
};
const LINES = 400;

const root = resolve(import.meta.dirname, "..");
const files = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((f) => /\.m?ts$/.test(f)).map((f) => join(folder, f));
/** A seam stands for its side in Node; where it leads to an index it is that of the room. */
const seam = (file: string, target: string): string =>
  target.startsWith("#platform/") ? `./${relative(dirname(file), `src/${target.slice("#platform/".length)}.node.ts`)}`.replace("./../", "../").replace(/\/index\.node\.ts$/, "/index.ts") : target;
const imports = (file: string): string[] => {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^\s*(?:import|export)\s[^;"']*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm)].map((m) => seam(file, (m[1] ?? m[2] ?? m[3])!));
};
const roomOf = (path: string): string => relative("src", path).split("/")[0]!;

test("imports go downwards", () => {
  const wrong: string[] = [];
  for (const file of files("src")) {
    const room = roomOf(file);
    if (LEVEL[room] === undefined) wrong.push(`${file}: the room ${room} is not in the table`);
    for (const target of imports(file).filter((t) => t.startsWith("."))) {
      const other = roomOf(relative(root, resolve(root, dirname(file), target)));
      const ops = room === "compiler" && target.includes("/autograd/ops/");
      if (other !== room && room !== "index.ts" && other !== "errors.ts" && !ops && !target.endsWith(`/${other}/index.ts`)) wrong.push(`${file} imports ${target}: other rooms are entered through their index`);
      if (other !== room && !(LEVEL[other]! < LEVEL[room]!)) wrong.push(`${file} imports ${target}: ${room} (level ${LEVEL[room]}) may not import ${other} (level ${LEVEL[other]})`);
    }
  }
  expect(wrong).toEqual([]);
});

/** Files that a file needs when it is loaded: imports of types are not among them. */
function needs(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^\s*(?:import|export)\s+(type\s+)?([^;"']*?)\s*from\s+"((?:\.|#platform)[^"]+)"|^\s*import\s+"(\.[^"]+)"/gm)]
    .filter(([, type, names]) => !type && !(names?.startsWith("{") && names.replace(/[{}]/g, "").split(",").every((n) => n.trim() === "" || n.trim().startsWith("type "))))
    .map((m) => (m[3] ?? m[4])!)
    .map((target) => (target.startsWith("#") ? `src/${target.slice("#platform/".length)}.node.ts` : relative(root, resolve(root, dirname(file), target))));
}

test("no file needs itself", () => {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    else {
      state.set(file, "open");
      for (const next of needs(file)) visit(next, [...path, file]);
      state.set(file, "done");
    }
  };
  for (const file of files("src")) visit(file, []);
  expect(cycles).toEqual([]);
});

test("help, refusals of a command line and the commands that make runs load the rooms only when there is work for them", () => {
  const rooms = (entry: string): string[] => {
    const seen = new Set([entry]);
    for (const file of seen) for (const next of needs(file)) seen.add(next);
    return [...new Set([...seen].map(roomOf))].sort();
  };
  for (const entry of ["main", "run-command", ...["run", "check", "flow", "spins", "quickstart", "slurm", "cite", "schema"].map((name) => `commands/${name}`)]) expect(["cli", "errors.ts", "util"], entry).toEqual(expect.arrayContaining(rooms(`src/cli/${entry}.ts`)));
  // the libraries of plots, by the same reading of import lines, nowhere but on the side of pages
  expect(files("src/report").filter((file) => /^import (?!type)[^;]* from "(@observablehq\/plot|linkedom|cli-progress)"/m.test(readFileSync(join(root, file), "utf8")))).toEqual(["src/report/plot.browser.ts"]);
});

/** Sets of files that need each other when their types are looked at too. */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const [index, low] = [new Map<string, number>(), new Map<string, number>()];
  const [stack, found]: [string[], string[][]] = [[], []];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const next of edges.get(file) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const cycle = stack.splice(stack.indexOf(file)).sort();
    if (cycle.length > 1) found.push(cycle);
  };
  for (const file of edges.keys()) if (!index.has(file)) visit(file);
  return found;
}

/** What a file imports, types included; what is loaded on demand is no part of it. */
const lines = (file: string): string[] => [...readFileSync(join(root, file), "utf8").matchAll(/^\s*(?:import|export)\s[^;"']*?from\s+"(\.[^"]+)"|^\s*import\s+"(\.[^"]+)"/gm)].map((m) => (m[1] ?? m[2])!);

test("types need each other in one place: ops, the tape that records them, and the lattices that they speak of", () => {
  const edges = new Map(files("src").map((file) => [file, lines(file).map((t) => relative(root, resolve(root, dirname(file), t)))] as const));
  expect(cyclesOf(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b", "d"]], ["d", []]]))).toEqual([["b", "c"]]);
  expect(cyclesOf(edges), "types that two files need from each other belong in a third one").toEqual([["engine", "lattice", "op", "program", "tape", "types"].map((name) => `src/autograd/${name}.ts`)]);
});

test("folders in a room are floors too: what one imports never leads back to it", () => {
  // a file that lies in the room itself stands for itself
  const unit = (path: string): string => relative(`src/${roomOf(path)}`, path).split("/")[0]!;
  for (const room of readdirSync(join(root, "src"), { withFileTypes: true }).filter((d) => d.isDirectory())) {
    const edges = new Map<string, string[]>();
    for (const file of files(`src/${room.name}`))
      for (const target of lines(file).map((t) => relative(root, resolve(root, dirname(file), t))).filter((t) => roomOf(t) === room.name && unit(t) !== unit(file)))
        edges.set(unit(file), [...(edges.get(unit(file)) ?? []), unit(target)]);
    // ops that hold programs (solve, repeat, determinants) record and differentiate these, which takes other ops
    const known = room.name === "autograd" ? [["backward.ts", "local-op.ts", "ops", "recording.ts"]] : [];
    expect(cyclesOf(edges).filter((c) => c.some((name) => !name.endsWith(".ts"))), `folders of src/${room.name}`).toEqual(known);
  }
});

test("no file but the tables of backends compares names of ops", () => {
  const wrong = [...files("src/autograd"), ...files("src/compiler")].flatMap((f) => (/op\.name\s*[!=]==?|\.has\([^)]*op\.name\)/.test(readFileSync(join(root, f), "utf8")) ? [f] : []));
  expect(wrong).toEqual([]);
});

test("rooms use the npm packages that the table gives them", () => {
  const wrong: string[] = [];
  for (const file of files("src"))
    for (const target of imports(file).filter((t) => !t.startsWith(".") && !t.startsWith("node:"))) {
      const name = target.split("/").slice(0, target.startsWith("@") ? 2 : 1).join("/");
      if (!PACKAGES[roomOf(file)]?.includes(name)) wrong.push(`${file} imports ${target}`);
    }
  expect(wrong).toEqual([]);
});

test("examples and benches import the package by its name", () => {
  const wrong = ["examples", "bench"].flatMap((folder) => {
    try {
      return files(folder).flatMap((f) => imports(f).filter((t) => t.includes("../src") || t.includes("/src/")).map((t) => `${f} imports ${t}`));
    } catch {
      return [`${folder} is missing`];
    }
  });
  expect(wrong).toEqual([]);
});

test(`source files have at most ${LINES} lines`, () => {
  const long = files("src").map((f) => [f, readFileSync(join(root, f), "utf8").split("\n").length] as const).filter(([, n]) => n > LINES);
  expect(long).toEqual([]);
});

test("the command line has commands, output, exit codes and signals: under 2,000 lines", () => {
  expect(files("src/cli").reduce((s, f) => s + readFileSync(join(root, f), "utf8").split("\n").length, 0)).toBeLessThan(2000);
});

test("functions have at most 80 lines, which the linter counts", () => {
  const { overrides } = JSON.parse(readFileSync(join(root, ".oxlintrc.json"), "utf8")) as { overrides: unknown };
  expect(overrides).toEqual([{ files: ["src/**"], rules: { "max-lines-per-function": ["error", { max: 80 }] } }]);
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/oxlint"), ["--deny-warnings", "src"], { cwd: root, encoding: "utf8" });
  expect(status, stdout).toBe(0);
});

test("no unfinished marks", () => {
  const marks = /\b(TODO|FIXME|XXX)\b|not implemented|@ts-ignore|\b(it|test|describe)\.(skip|todo)\(/;
  const wrong = [...files("src"), ...files("test")].filter((f) => !f.endsWith("architecture.test.ts")).flatMap((f) => readFileSync(join(root, f), "utf8").split("\n").flatMap((line, k) => (marks.test(line) ? [`${f}:${k + 1}: ${line.trim()}`] : [])));
  expect(wrong).toEqual([]);
});
