/** Sections of commented run files: those of parts from the snippets that the parts declare, the others once for all starters. */
import type { RunCommand } from "../records.ts";
import { builtIn } from "../parts/built-in.ts";
import type { Family, Part } from "../parts/part.ts";

/** Options as they stand in a run file: texts with their quotes, numbers with the digits that people write. */
export type Literals = { readonly [key: string]: string };

/** A part by its name, with other values than its snippet has. */
export type Choice = readonly [name: string, values?: Literals];

/** What a starter is made of; what it does not mention is left out. */
export interface RunText {
  readonly command: RunCommand;
  readonly title: string;
  /** Absent without links. */
  readonly group?: string;
  readonly extents: readonly number[];
  readonly start: "cold" | "hot" | "near-unit";
  /** Of a start near unity. */
  readonly width?: string;
  readonly action?: Choice;
  readonly matter?: Choice;
  readonly fermions?: readonly Choice[];
  readonly network?: Choice;
  readonly guideMasses?: string;
  /** Lines of a guide of another form. */
  readonly guide?: readonly string[];
  readonly transform?: Choice;
  /** Its values come after those of the snippet; with `levels` the options of molecular dynamics are theirs. */
  readonly sampler: Choice;
  /** Steps on time scales of their own, coarsest first. */
  readonly levels?: readonly (readonly [force: string, steps: number])[];
  readonly seed: number;
  readonly thermalisation: number;
  /** Of production; a training has none. */
  readonly trajectories?: number | undefined;
  /** Trajectories of an online training. */
  readonly training?: number;
  /** Trajectories along which the weights of loops are regressed. */
  readonly regression?: number;
  readonly observables: readonly string[];
  /** Trajectories between two measurements; default 1. */
  readonly every?: number;
  /** Further lines of the measurement. */
  readonly measurement?: Literals;
  readonly format?: string;
}

/** A line with its comment, where comments begin. */
export const commented = (line: string, comment?: string): string => (comment === undefined ? line : `${line.padEnd(27)} # ${comment}`);

const namesOf = (family: Family): string => builtIn.list(family).flatMap((p) => (p.starter === undefined ? [] : [p.name])).join(", ");

const VALUE = /^(\w+) = (.*?)(\s*#.*)?$/;

/** The lines of a part's starter; values that are given take the place of its own, keys that it does not have follow. */
export function snippetOf(part: Part, values: Literals = {}): string[] {
  const left = new Map(Object.entries(values));
  const own = (part.starter ?? "").split("\n").filter((line) => line !== "").map((line) => {
    const [, key, , comment] = VALUE.exec(line) ?? [];
    const value = key === undefined ? undefined : left.get(key);
    if (value === undefined) return line;
    left.delete(key!);
    return commented(`${key} = ${value}`, comment?.replace(/^\s*# /, ""));
  });
  return [...own, ...[...left].map(([key, value]) => `${key} = ${value}`)];
}

/** A section that chooses a part. */
export const partSection = (header: string, family: Family, kind: string, lines: readonly string[], remark = ""): string => `${header}${remark}\n${[commented(`kind = "${kind}"`, namesOf(family)), ...lines].join("\n")}\n`;

const chosen = (header: string, family: Family, [name, values]: Choice, remark?: string): string => partSection(header, family, name, snippetOf(builtIn.get(family, name), values), remark);

const remark = (header: string, text: string): string => `${"".padEnd(Math.max(1, 28 - header.length))}# ${text}`;

/** Checkpoints, kept configurations and checks. */
export const outputText = (format = "ildg"): string => `[output]
checkpoint = 20             # trajectories between two checkpoints; an interrupted run goes on from the last one
# configurations = { every = 100, format = "${format}" }${format === "ildg" ? "   # also nersc, milc, bridge, npy" : ""}

[checks]                    # every so many trajectories one is repeated bit for bit and integrated back, which takes three more
every = 10
`;

/** Lattice and start. */
export function placeText(group: string | undefined, extents: readonly number[] | string, start: string, width?: string): string {
  const axes = ["Lx", "Ly", "Lz"].slice(0, (typeof extents === "string" ? extents.split(",") : extents).length - 1);
  return `${group === undefined ? "" : `group = "${group}"\n\n`}[lattice]
${commented(`extents = [${typeof extents === "string" ? extents : extents.join(", ")}]`, [...axes, "Lt"].join(", "))}

[start]
${commented(`kind = "${start}"`, 'cold, hot, near-unit, or file with file = "..."')}
${width === undefined ? "" : `width = ${width}\n`}`;
}

const regressionText = (trajectories: number): string => `[training]                  # linear regression of S_theta - S on every configuration
objective = "squared"
optimiser = "regression"    # normal equations: exact where S_theta is linear in what is trained
${commented(`trajectories = ${trajectories}`, "afterwards the weights stand still")}
`;

const trainingText = (trajectories: number): string => `[training]                  # online, in a prior HMC with the target's own force
${commented('objective = "centred"', `${builtIn.list("loss").map((p) => p.name).join(", ")}; squared is the published loss`)}
optimiser = "adam"          # adam, adamW, sgd, gaussNewton
rate = 4e-3
schedule = "cosine"         # constant, cosine, step
finalRate = 2e-4
trajectories = ${trajectories}
batch = 16                  # the newest configuration and 15 of the last 64
replay = 64
`;

function samplerText({ sampler: [kind, values], levels = [], seed, thermalisation, trajectories }: RunText): string {
  const part = builtIn.get("sampler", kind);
  const lines = levels.length > 0 ? Object.entries(values ?? {}).map(([key, value]) => `${key} = ${value}`) : snippetOf(part, values);
  const shared = [`seed = ${seed}`, `thermalisation = ${thermalisation}`, ...(trajectories === undefined ? [] : [commented(`trajectories = ${trajectories}`, "of production")])];
  const scales = levels.map(([force, steps], k) => `\n[[sampler.levels]]${k === 0 ? "          # coarsest first" : ""}\nforce = "${force}"\nintegrator = "omelyan"\nsteps = ${steps}\n`);
  return `${partSection("[sampler]", "sampler", kind, [...lines, ...shared])}${scales.join("")}`;
}

/** The whole run file. */
export function runText(run: RunText): string {
  const { command, title, fermions = [], network, guideMasses, transform, training, observables, every = 1 } = run;
  const several = fermions.length > 1;
  return [
    `# ${title}: gaugegrad ${command} run.toml --dir out\n`,
    placeText(run.group, run.extents, run.start, run.width),
    ...(run.action ? [chosen("[action]", "gaugeAction", run.action)] : []),
    ...(run.matter ? [chosen("[matter]", "matter", run.matter, remark("[matter]", run.action ? "moved together with the links" : "alone: no links"))] : []),
    ...fermions.map((f) => chosen(several ? "[[fermions]]" : "[fermions]", "fermion", f, several ? "" : remark("[fermions]", "[[fermions]] for several fields"))),
    ...(network ? [chosen("[network]", "network", network, remark("[network]", "S_theta sees its output instead of the links; see gaugegrad schema for all kinds"))] : []),
    ...(guideMasses === undefined ? [] : [`[guide]                     # S_theta = gauge action + fermions on the network's links\nmasses = ${guideMasses}\n${commented('trainable = ["network"]', "also gauge.beta, fermions.mass, ...")}\n`]),
    ...(run.guide ? [`${commented("[guide]", "what leads the proposals, S_theta; the Metropolis step keeps the target")}\n${run.guide.join("\n")}\n`] : []),
    ...(transform ? [chosen("[transform]", "transform", transform, remark("[transform]", "the sampler moves V, everything is measured on U = F(V)"))] : []),
    samplerText(run),
    ...(training === undefined ? [] : [trainingText(training)]),
    ...(run.regression === undefined ? [] : [regressionText(run.regression)]),
    ...(command === "train" ? [] : [`[measurement]\nevery = ${every}\nobservables = [${observables.map((o) => `"${o}"`).join(", ")}]\n${Object.entries(run.measurement ?? {}).map(([key, value]) => `${key} = ${value}\n`).join("")}`]),
    outputText(run.format),
  ].join("\n");
}
