/** Runs defined in code: the sections of a run file, with parts in place of their names. */
import { isBranch, mapLeaves, pruned } from "../../util/index.ts";
import { configurationOf } from "./parse.ts";
import { withOwnParts } from "../modules/own-parts.ts";
import type { RunCommand } from "../records.ts";
import { builtIn } from "../parts/built-in.ts";
import { type Part, isPart } from "../parts/part.ts";
import type { Registry } from "../parts/registry.ts";
import { resolveRun } from "./resolve.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { isGuided } from "../parts/guide.ts";
import type { RunInput } from "../schema.ts";

/** What a run is made of: a run file as a value. Wherever a run file names a kind, the part itself may stand. */
export interface RunDefinition extends RunInput {
  /** Default: `hmc`; with a network or a guide `slhmc`. */
  readonly command?: RunCommand;
}

/** Where a definition finds files and parts. */
export interface DefineOptions {
  /** Folder that relative paths start from; default the working directory. */
  readonly base?: string;
  /** Parts by name; default those of this package. Parts that the definition holds are known in any case. */
  readonly registry?: Registry;
}

/** What errors call a definition. */
const SOURCE = "defineRun";

/**
 * A run as a value, checked as a run file is: `produce` makes it. Parts of one's own count by their name and options; give a new name to what computes
 * something else.
 * @throws ConfigurationError for unknown keys, wrong values, and combinations that mean nothing.
 */
export function defineRun(definition: RunDefinition, options: DefineOptions = {}): ResolvedRun {
  const { base = ".", registry = builtIn } = options;
  const held = new Set<Part>();
  const raw = named(withKinds(definition), held) as Readonly<Record<string, unknown>>;
  return resolved(definition, raw, base, registry.with(...[...held].filter((part) => registry.find(part.family, part.name) !== part)));
}

/** The same for a definition that is plain data: parts of one's own are named by their modules, as run files name them. @throws as `defineRun`, and for modules as `readRunFile`. */
export async function defineRunOfFiles(definition: RunDefinition, { base = ".", registry = builtIn }: DefineOptions = {}): Promise<ResolvedRun> {
  const own = await withOwnParts(withKinds(definition), base, registry);
  return resolved(definition, own.raw, base, own.registry);
}

function resolved({ command }: RunDefinition, raw: Readonly<Record<string, unknown>>, base: string, registry: Registry): ResolvedRun {
  const configuration = configurationOf(raw, SOURCE, registry);
  const guided = configuration.network !== undefined || isGuided(configuration);
  return resolveRun(command ?? (guided ? "slhmc" : "hmc"), { source: SOURCE, configuration, base, registry });
}

/** A part in place of a section is its kind. */
function withKinds({ command: _command, ...sections }: RunDefinition): Readonly<Record<string, unknown>> {
  const section = (x: unknown): unknown => (isPart(x) ? { kind: x } : x);
  const { action, fermions, network, guide, transform, matter } = sections;
  return {
    ...sections,
    ...(action === undefined ? {} : { action: section(action) }),
    ...(fermions ? { fermions: fermions.map(section) } : {}),
    ...(network ? { network: section(network) } : {}),
    ...(transform ? { transform: section(transform) } : {}),
    ...(matter ? { matter: section(matter) } : {}),
    ...(guide ? { guide: { ...guide, ...(guide.action ? { action: section(guide.action) } : {}), ...(guide.fermions ? { fermions: guide.fermions.map(section) } : {}) } } : {}),
  };
}

/** The same tables with names in place of parts; keys without a value are left out. */
function named(x: unknown, held: Set<Part>): unknown {
  const isLeaf = (y: unknown): boolean => !isBranch(y) || isPart(y);
  return mapLeaves(pruned(x, (_, value) => value === undefined, isLeaf), (leaf) => (isPart(leaf) ? (held.add(leaf), leaf.name) : leaf), isLeaf);
}
