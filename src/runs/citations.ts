/** What a run rests on, as BibTeX. Entries are identified by their arXiv numbers; nothing else is stated that is not known for certain. */
import { isGuided } from "./parts/guide.ts";
import type { Part } from "./parts/part.ts";
import type { Registry } from "./parts/registry.ts";
import { observablesOf, optionsOf } from "./schema.ts";
import type { RunConfiguration } from "./sections/sections.ts";

interface Reference {
  readonly eprint: string;
  readonly fields?: { readonly [field: string]: string };
  /** Why it is cited. */
  readonly note: string;
}

/** What is known of the works that parts of this package name. */
const references: readonly Reference[] = [
  { eprint: "2103.11965", fields: { journal: "Phys. Rev. D", volume: "111", pages: "074501", year: "2025" }, note: "gauge covariant neural network, self-learning hybrid Monte Carlo" },
  { eprint: "0907.5491", note: "trivialising maps and field transformations in hybrid Monte Carlo" },
  { eprint: "2105.03418", note: "L2HMC: networks in leapfrog steps, for lattice gauge theory" },
  { eprint: "0808.4046", note: "demon methods to determine couplings" },
  { eprint: "2501.16955", note: "CASK: covariant attention with stout kernel" },
  { eprint: "hep-lat/0311018", note: "stout smearing" },
  { eprint: "hep-lat/0103029", note: "hypercubic blocking" },
  { eprint: "2012.12901", note: "lattice gauge equivariant convolutions" },
  { eprint: "1006.4518", note: "gradient flow and its Runge-Kutta integration" },
  { eprint: "2010.11900", fields: { journal: "Phys. Rev. D", volume: "107", pages: "054501" }, note: "self-learning Monte Carlo: an effective action with a trained constant" },
];

/** BibTeX entries of what a configuration uses. */
export function bibliography(c: RunConfiguration, registry: Registry): { readonly entries: readonly { readonly key: string; readonly eprint: string; readonly note: string }[]; readonly bibtex: string } {
  const used = new Map<string, string>();
  const take = (note: string, ...numbers: readonly string[]): void => numbers.forEach((n) => used.has(n) || used.set(n, note));
  if (c.network !== undefined || (c.training !== undefined && !c.transform) || isGuided(c)) take("", "2103.11965");
  for (const { part, options } of partsOf(c, registry)) take(`${part.family} ${part.name}`, ...(typeof part.cite === "function" ? part.cite(options) : (part.cite ?? [])));
  if (c.measurement.flow) take("", "1006.4518");
  return listed(used);
}

/** Entries of what a run of spins rests on. */
export const spinBibliography = (): ReturnType<typeof bibliography> => listed(new Map([["2306.11527", "equivariant attention as an effective weight of spins, self-learning Monte Carlo"]]));

/** Entries of the parts whose names occur in a text, for instance in the name of an action. */
export function bibliographyOfName(text: string, registry: Registry): ReturnType<typeof bibliography> {
  const used = new Map<string, string>();
  for (const family of ["network", "gaugeAction", "fermion"] as const)
    for (const part of registry.list(family) as readonly Part[])
      if (Array.isArray(part.cite) && text.toLowerCase().includes(part.name.toLowerCase())) for (const n of part.cite as readonly string[]) if (!used.has(n)) used.set(n, `${part.family} ${part.name}`);
  return listed(used);
}

function listed(used: ReadonlyMap<string, string>): ReturnType<typeof bibliography> {
  const rank = (n: string): number => (references.findIndex((r) => r.eprint === n) + references.length) % references.length;
  const entries = [...used].sort(([a], [b]) => rank(a) - rank(b)).map(([eprint, note]): Reference => references.find((r) => r.eprint === eprint) ?? { eprint, note });
  return { entries: entries.map(({ eprint, note }) => ({ key: `arXiv:${eprint}`, eprint, note })), bibtex: entries.map(bibtexOf).join("\n") };
}

/** Every part that a configuration names, with its options; layers of a chain too. */
function partsOf(c: RunConfiguration, registry: Registry): { readonly part: Part; readonly options: Record<string, unknown> }[] {
  const one = (part: Part | undefined, section: Readonly<Record<string, unknown>>): { part: Part; options: Record<string, unknown> }[] => (part ? [{ part, options: optionsOf(part, section) }] : []);
  const layers = c.network?.kind === "chain" ? (c.network["layers"] as readonly { readonly network: string }[]) : [];
  return [
    ...[...(c.action ? [c.action] : []), ...(c.guide.action ? [c.guide.action] : [])].flatMap((a) => one(registry.find("gaugeAction", a.kind), a)),
    ...[...c.fermions, ...(c.guide.fermions ?? [])].flatMap((f) => one(registry.find("fermion", f.kind), f)),
    ...(c.network ? one(registry.find("network", c.network.kind), c.network) : []),
    ...layers.flatMap((l) => one(registry.find("network", l.network), l)),
    ...(c.matter ? one(registry.find("matter", c.matter.kind), c.matter) : []),
    ...(c.transform ? one(registry.find("transform", c.transform.kind), c.transform) : []),
    ...one(registry.find("sampler", c.sampler.kind), c.sampler),
    ...(c.training ? one(registry.find("loss", c.training.objective), c.training) : []),
    ...observablesOf(c, registry),
  ];
}

function bibtexOf({ eprint, fields = {}, note }: Reference): string {
  const all = { ...fields, eprint, archivePrefix: "arXiv" };
  return `@article{arXiv:${eprint},\n${Object.entries(all).map(([name, value]) => `  ${name} = {${value}},`).join("\n")}\n  note = {${note}}\n}\n`;
}
