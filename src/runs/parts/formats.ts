/** File formats of a registry as the reader takes them. */
import { type GaugeData, type GaugeFormat, gaugeFormats } from "../../io/index.ts";
import type { FormatPart } from "./part.ts";
import { type Registry, guarded } from "./registry.ts";

/** A part as the reader takes it; what its code throws is said in one line. */
function formatOf(part: FormatPart): GaugeFormat {
  const { name, title = name, cite = [], writer } = part;
  const streamed = (data: GaugeData): GaugeData => ({ ...data, stream: (sink) => guarded(part, "stream", () => data.stream(sink)) });
  return { name, title, cite, matches: (...x) => guarded(part, "matches", () => part.matches(...x)), open: (...x) => streamed(guarded(part, "open", () => part.open(...x))), ...(writer ? { writer } : {}) };
}

/** The formats of a registry in the order in which a file's content is tried: those of this package come last. */
export function formatsOf(registry: Registry): readonly GaugeFormat[] {
  const known = new Set(gaugeFormats.map((f) => f.name));
  return [...registry.list("format").filter((part) => !known.has(part.name)).map(formatOf), ...gaugeFormats];
}
