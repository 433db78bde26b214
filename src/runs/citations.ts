/** What a run rests on, as BibTeX. Entries are identified by their arXiv numbers; nothing else is stated that is not known for certain. */
import type { RunConfiguration } from "./schema.ts";

interface Citation {
  readonly key: string;
  readonly eprint: string;
  readonly fields?: { readonly [field: string]: string };
  /** Why it is cited. */
  readonly note: string;
  readonly used: (c: RunConfiguration) => boolean;
}

const guided = (c: RunConfiguration): boolean => c.network !== undefined || c.training !== undefined || c.guide.action !== undefined || c.guide.masses !== undefined;
/** Kinds of all layers of the network. */
const kinds = (c: RunConfiguration): readonly string[] => (c.network?.kind === "chain" ? c.network.layers.map((l) => l.network) : c.network ? [c.network.kind] : []);
const has = (...names: readonly string[]) => (c: RunConfiguration): boolean => kinds(c).some((k) => names.includes(k));

const citations: readonly Citation[] = [
  {
    key: "arXiv:2103.11965",
    eprint: "2103.11965",
    fields: { journal: "Phys. Rev. D", volume: "111", pages: "074501", year: "2025" },
    note: "gauge covariant neural network, self-learning hybrid Monte Carlo",
    used: guided,
  },
  { key: "arXiv:2501.16955", eprint: "2501.16955", note: "CASK: covariant attention with stout kernel", used: has("cask") },
  { key: "arXiv:hep-lat/0311018", eprint: "hep-lat/0311018", note: "stout smearing", used: has("stout", "covariant", "cask") },
  { key: "arXiv:hep-lat/0103029", eprint: "hep-lat/0103029", note: "hypercubic blocking", used: has("hyp", "nhyp", "hex") },
  { key: "arXiv:2012.12901", eprint: "2012.12901", note: "lattice gauge equivariant convolutions", used: has("convolution") },
  { key: "arXiv:1006.4518", eprint: "1006.4518", note: "gradient flow and its Runge-Kutta integration", used: (c) => has("flow")(c) || c.measurement.flow !== undefined },
  { key: "arXiv:2010.11900", eprint: "2010.11900", fields: { journal: "Phys. Rev. D", volume: "107", pages: "054501" }, note: "self-learning Monte Carlo: an effective action with a trained constant", used: (c) => c.training?.objective === "centred" && c.training.offset === "trainable" },
];

/** BibTeX entries of what a configuration uses. */
export function bibliography(c: RunConfiguration): { readonly entries: readonly Pick<Citation, "key" | "eprint" | "note">[]; readonly bibtex: string } {
  const entries = citations.filter((e) => e.used(c));
  return { entries: entries.map(({ key, eprint, note }) => ({ key, eprint, note })), bibtex: entries.map(bibtexOf).join("\n") };
}

function bibtexOf({ key, eprint, fields = {}, note }: Citation): string {
  const all = { ...fields, eprint, archivePrefix: "arXiv" };
  return `@article{${key},\n${Object.entries(all).map(([name, value]) => `  ${name} = {${value}},`).join("\n")}\n  note = {${note}}\n}\n`;
}
