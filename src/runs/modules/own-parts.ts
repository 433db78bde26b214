/** Parts of the user's own: sections of a run file that name a module get the kind that the module declares, and the hash of its contents. */
import { readFileSync, statSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { ConfigurationError, FileFormatError, ProgramError } from "../../errors.ts";
import { sha256Hex } from "../../util/index.ts";
import { type Family, type Part, isPart } from "../parts/part.ts";
import type { Registry } from "../parts/registry.ts";
import { loadModule } from "./load-module.ts";

type Table = Readonly<Record<string, unknown>>;

/** A run file as tables, and the registry that knows its own parts. */
export interface OwnParts {
  readonly raw: Table;
  readonly registry: Registry;
}

const isTable = (x: unknown): x is Table => typeof x === "object" && x !== null && !Array.isArray(x);

/**
 * Loads the modules that sections name, from the folder of the run file. `kind` (of a loss `objective`, of a layer in a chain `network`) becomes the name of the part;
 * `moduleSha256` covers the module and what it imports by relative paths, so that a run with another text is another run, and one in another folder is not.
 * @throws FileFormatError for a module that cannot be read, ConfigurationError for one that fails or exports no part of the kind that is asked for.
 */
export async function withOwnParts(raw: Table, base: string, registry: Registry): Promise<OwnParts> {
  const loader = new Loader(base, registry);
  const table = async (key: string, f: (x: Table) => Promise<unknown>, from: Table = raw): Promise<Table> => (isTable(from[key]) ? { [key]: await f(from[key]) } : {});
  const list = async (key: string, f: (x: Table, at: string) => Promise<unknown>, at: string, from: Table): Promise<Table> =>
    Array.isArray(from[key]) ? { [key]: await inOrder(from[key] as unknown[], (x, k) => (isTable(x) ? f(x, `${at}[${k}]`) : Promise.resolve(x))) } : {};
  const filled = {
    ...raw,
    ...(await table("start", (x) => loader.section("format", "start", x, "format"))),
    ...(await table("output", async (output) => ({ ...output, ...(await table("configurations", (x) => loader.section("format", "output.configurations", x, "format"), output)) }))),
    ...(await table("action", (x) => loader.section("gaugeAction", "action", x))),
    ...(await table("guide", async (guide) => ({
      ...guide,
      ...(await table("action", (x) => loader.section("gaugeAction", "guide.action", x), guide)),
      ...(await list("fermions", (x, at) => loader.section("fermion", at, x), "guide.fermions", guide)),
    }))),
    ...(await list("fermions", (x, at) => loader.section("fermion", at, x), "fermions", raw)),
    ...(await table("network", async (x) => {
      const section = await loader.section("network", "network", x);
      return { ...section, ...(await list("layers", (l, at) => loader.section("network", at, l, "network"), "network.layers", section)) };
    })),
    ...(await table("matter", (x) => loader.section("matter", "matter", x))),
    ...(await table("transform", (x) => loader.section("transform", "transform", x))),
    ...(await table("sampler", (x) => loader.section("sampler", "sampler", x))),
    ...(await table("training", (x) => loader.section("loss", "training", x, "objective"))),
    ...(await table("measurement", async (m) => ({ ...m, ...(await list("observables", (x, at) => loader.section("observable", at, x), "measurement.observables", m)) }))),
  };
  return { raw: filled, registry: loader.registry };
}

async function inOrder<T>(list: readonly T[], f: (x: T, k: number) => Promise<unknown>): Promise<unknown[]> {
  const done: unknown[] = [];
  for (const [k, x] of list.entries()) done.push(await f(x, k));
  return done;
}

class Loader {
  registry: Registry;
  readonly #base: string;
  /** Parts as exported, and as registered. */
  readonly #known = new Map<Part, Part>();

  constructor(base: string, registry: Registry) {
    this.#base = base;
    this.registry = registry;
  }

  /** A section with the kind of its module; one without a module is left as it is. */
  async section(family: Family, at: string, section: Table, key = "kind"): Promise<Table> {
    const { module, name } = section;
    if (module === undefined) return section;
    if (typeof module !== "string" || module === "") throw new ConfigurationError(`${at}.module: got ${JSON.stringify(module)}, expected the path of a TypeScript or JavaScript file`);
    if (name !== undefined && typeof name !== "string") throw new ConfigurationError(`${at}.name: got ${JSON.stringify(name)}, expected the name of an export of ${module}`);
    const part = partIn(await loaded(module, this.#base), module, name, family, at);
    let own = this.#known.get(part);
    if (!own) {
      this.#known.set(part, (own = { ...part, fromModule: true }));
      this.registry = this.registry.with(own);
    }
    const moduleSha256 = moduleHash(resolve(this.#base, module));
    // a model file holds the weights of the module's network
    if (section[key] === "model") return { ...section, moduleSha256 };
    if (section[key] !== undefined && section[key] !== part.name) throw new ConfigurationError(`${at}.${key}: got ${JSON.stringify(section[key])} with a module that declares "${part.name}", expected no ${key}`);
    return { ...section, [key]: part.name, moduleSha256 };
  }
}

/** A module that can be read and fails is an error of the run file. */
async function loaded(module: string, base: string): Promise<Table> {
  try {
    return await loadModule(module, base);
  } catch (error) {
    if (error instanceof ProgramError) {
      const [place] = error.message.split(": ");
      throw Object.assign(new ConfigurationError(`${module}: got "${(error.cause as Error).message}" while loading, expected a module that loads: its code failed at ${place}`), { cause: error.cause });
    }
    if (error instanceof FileFormatError && error.cause !== undefined) throw Object.assign(new ConfigurationError(error.message), { cause: error.cause });
    throw error;
  }
}

/** The export that a section asks for. */
function partIn(exports: Table, module: string, name: string | undefined, family: Family, at: string): Part {
  const found = exports[name ?? "default"];
  if (isPart(found) && found.family === family) return found;
  const parts = Object.entries(exports).flatMap(([key, x]) => (isPart(x) && x.family === family ? [key] : []));
  const got = isPart(found) ? `a part of the family ${found.family}` : found === undefined ? `no export ${name ?? "default"}` : `the export ${name ?? "default"} that declares no part`;
  const hint = parts.length > 0 ? `: it has ${parts.map((p) => (p === "default" ? "a default export" : `name = "${p}"`)).join(", ")}` : "";
  throw new ConfigurationError(`${at}.module: got ${got} in ${module}, expected what ${family}({ ... }) of gaugegrad/runs makes${hint}`);
}

/** SHA-256 of a module and of all that it imports by relative paths, with their names as seen from it. */
export function moduleHash(file: string): string {
  const seen = new Map<string, string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    const text = readFileSync(path, "utf8");
    seen.set(path, text);
    for (const [, specifier] of text.matchAll(/(?:\bfrom|\bimport|\bimport\s*\()\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      const target = resolve(dirname(path), specifier!);
      const existing = [target, `${target.replace(/\.js$/, "")}.ts`, target.replace(/\.js$/, ".ts")].find((t) => statSync(t, { throwIfNoEntry: false })?.isFile());
      if (existing !== undefined) visit(existing);
    }
  };
  visit(file);
  const named = [...seen].map(([path, text]): [string, string] => [relative(dirname(file), path).split(sep).join("/"), text]).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Hex(named.flatMap(([path, text]) => [path, "\n", String(text.length), "\n", text]));
}
