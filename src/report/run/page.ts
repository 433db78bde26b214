/** The sections of a run in their order, and what made them. */
import type { Generated } from "../html.ts";
import type { NamedSection } from "../live/view.ts";
import { type Family, type RunCommand, builtIn, packageVersion } from "#platform/runs/index";
import { checksSection, dynamicsSection, trainingSection } from "./dynamics.ts";
import { type FieldView, fieldSections } from "./fields.ts";
import { correlatorSection, flowSection } from "./flow.ts";
import type { RunView } from "#platform/runs/index";
import { autocorrelationSection, distributionsSection, historiesSection, resultsSection, summarySection } from "./results.ts";
import { secondsOf } from "./state.ts";

const COMMANDS = { hmc: "Hybrid Monte Carlo", train: "Training of an effective action", slhmc: "Self-learning hybrid Monte Carlo" } as const;

/** Title and subtitle of a run. */
export function headingOf({ info, configuration: c }: RunView): { readonly title: string; readonly subtitle: string } {
  const kind = COMMANDS[info.command as RunCommand] ?? info.command;
  const fermions = (c.fermions ?? []).map((f) => builtIn.find("fermion", f.kind)?.describe?.(f) ?? `${f.kind} fermions${f.mass === undefined ? "" : `, m = ${f.mass}`}`);
  const called = (family: Family, name: string | undefined): string => (name === undefined ? "unknown" : (builtIn.find(family, name)?.title ?? name));
  const matter = c.matter && (builtIn.find("matter", c.matter.kind)?.describe?.(c.matter) ?? c.matter.kind);
  const gauge = c.action || !c.matter ? [`${called("gaugeAction", c.action?.kind)} action${c.action?.beta === undefined ? "" : `, β = ${c.action.beta}`}`] : [];
  const system = [`${c.action || !c.matter ? `${c.group} on ` : ""}${(c.lattice?.extents ?? []).join(" × ")}`, ...gauge, ...(matter === undefined ? [] : [matter]), ...fermions, ...(c.network ? [`network: ${called("network", c.network.kind)}`] : [])].join("; ");
  return { title: c.title ?? kind, subtitle: c.title === undefined ? system : `${kind}: ${system}` };
}

/** All sections that have something to say. `slices: false` leaves pictures of the last configuration to sliders. */
export function sectionsOf(view: RunView, fields: FieldView | undefined, slices: boolean): NamedSection[] {
  const found = [summarySection(view), resultsSection(view), historiesSection(view), dynamicsSection(view), distributionsSection(view), autocorrelationSection(view), flowSection(view), correlatorSection(view), trainingSection(view)];
  return [...found, ...(fields ? fieldSections(fields, slices) : []), checksSection(view), eventsSection(view), configurationSection(view)].filter((s) => s !== undefined);
}

function eventsSection({ events }: RunView): NamedSection | undefined {
  if (events.length === 0) return undefined;
  return {
    id: "events",
    heading: "Events",
    table: { header: ["time", "event", "after", "what"], rows: events.map((e) => [String(e.time ?? ""), e.kind, String(e.position ?? ""), e.text ?? (e.version === undefined ? "" : `gaugegrad ${e.version}${e.arithmetic ? `, ${e.arithmetic.engine}` : ""}`)]) },
  };
}

function configurationSection({ configurationText }: RunView): NamedSection {
  return { id: "configuration", heading: "Configuration", text: "The run file as resolved, with every default.", code: configurationText.trim() };
}

/** How the run was made. */
export function generatedOf(view: RunView): Generated {
  const { info, configuration, events } = view;
  const started = events.findLast((e) => e.environment !== undefined);
  const arithmetic = started?.arithmetic;
  return {
    command: `gaugegrad ${info.command} RUN.toml --dir DIR`,
    version: `${info.version}${info.version === packageVersion() ? "" : ` (report by ${packageVersion()})`}`,
    seed: `${configuration.sampler?.seed ?? "unknown"}, stream ${configuration.sampler?.stream ?? 0}`,
    elapsedSeconds: secondsOf(view),
    environment: {
      ...(arithmetic ? { backend: `${arithmetic.engine}${arithmetic.fusedMultiplyAdd ? ", fused multiply-add" : ""}` } : {}),
      ...started?.environment,
      "configuration SHA-256": info.configurationHash,
    },
  };
}
