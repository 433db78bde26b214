/** Starter run files, one of each kind; they run as they are. Their text comes from the snippets of the parts that they choose. */
import type { RunCommand } from "../records.ts";
import { builtIn } from "../parts/built-in.ts";
import { type Choice, type RunText, runText } from "./starter-text.ts";

/** A run file with its name, its command and what it is about. */
export interface Starter {
  readonly name: string;
  readonly command: RunCommand;
  readonly summary: string;
  readonly text: string;
}

const of = (name: string, summary: string, run: Omit<RunText, "title" | "command">, command: RunCommand = "hmc"): Starter => ({ name, command, summary, text: runText({ command, title: summary, ...run }) });

/** The SU(2) benchmark of arXiv:2103.11965. */
const benchmark = {
  group: "SU(2)", extents: [4, 4, 4, 4], start: "near-unit", width: "0.5", action: ["wilson", { beta: "2.7" }], fermions: [["staggered"]], sampler: ["hmc"], seed: 1, thermalisation: 100, trajectories: 1000, observables: ["polyakov", "condensate"],
} as const;

const guided = { ...benchmark, network: ["covariant"], guideMasses: "[0.4]", training: 400, observables: ["polyakov", "condensate", "forces"] } as const;

/** The benchmark with its determinant itself in the Metropolis step. */
const exact = { ...benchmark, fermions: [["staggered", { exact: "true                # the determinant itself, by dense matrices: no pseudofermions" }]], thermalisation: 20, trajectories: 200, observables: ["polyakov"] } as const;

/** Loops that a determinant is expanded in, as the action of a guide. */
const loopLines = (weights: readonly [plaquette: number, rectangle: number, chair: number, space: number, time: number]): string[] => [
  "action.kind = \"loops\"",
  "action.beta = 1.0",
  `action.loops = [${["plaquette", "rectangle", "chair", "polyakov-space", "polyakov-t"].map((name, k) => `{ name = "${name}", weight = ${weights[k]} }`).join(", ")}]`,
];

/** Fields of kinds that show more than one. */
const FIELDS: { readonly [kind: string]: readonly Choice[] } = { rational: [["rational"], ["rational", { flavours: "1", mass: "0.6" }]] };

/** Kinds whose solves cost more take fewer of them: every starter is done within a minute. */
const SHORTER: { readonly [kind: string]: Partial<RunText> } = { "domain-wall": { levels: [["fermions", 3], ["gauge", 2]], trajectories: 30 } };

/** HMC with one kind of fermions, its own snippet on two time scales. */
const ofFermions = ({ name, title = name }: { readonly name: string; readonly title?: string }): Starter =>
  of(name, `SU(2) with ${title} fermions on 4^4, the gauge force on a finer time scale`, {
    ...benchmark,
    width: "0.3",
    action: ["wilson", { beta: "2.5" }],
    fermions: (FIELDS[name] ?? [[name]]).map(([kind, values]) => [kind, { ...values, tolerance: "1e-10", forceTolerance: "1e-8" }] as const),
    sampler: ["hmc", { length: "1.0" }],
    levels: [["fermions", 4], ["gauge", 2]],
    thermalisation: 10,
    trajectories: 40,
    observables: ["polyakov"],
    ...SHORTER[name],
  });

/** Starter run files of links, each valid as it stands. */
export const starters: readonly Starter[] = [
  of("su2-hmc", "HMC of SU(2) with four staggered flavours on 4^4", benchmark),
  of("su2-train", "online training of the gauge covariant network, SU(2) on 4^4", { ...guided, trajectories: undefined }, "train"),
  of("su2-slhmc", "self-learning HMC of SU(2) on 4^4, trained first", { ...guided, training: 200 }, "slhmc"),
  of("su2-cask", "self-learning HMC with covariant attention, SU(2) on 4^4", { ...guided, network: ["cask"], training: 100, thermalisation: 50, trajectories: 200 }, "slhmc"),
  of("exact-slhmc", "self-learning HMC of SU(2) on 4^4 without pseudofermions: exact determinants, another mass and five loops in the dynamics", {
    ...exact,
    guide: ["masses = [0.4]              # of the exact determinant in the dynamics; fermions = [] in its place: loops alone", ...loopLines([2.69593, 0.00104, 0.00106, -0.00299, 0.00294])],
    sampler: ["hmc", { length: "1.0" }],
    levels: [["fermions", 4], ["gauge", 2]],
  }, "slhmc"),
  of("ratio-slhmc", "self-learning HMC of SU(2) on 4^4 with four fields of the root 1/4 of a ratio: the heavier mass leads, the ratio has no force", {
    ...benchmark,
    fermions: [
      ["staggered", { over: "0.4                 # the ratio of this determinant to that of the mass 0.4", roots: "4                  # in as many fields: less noise", tolerance: "1e-10" }],
      ["staggered", { mass: "0.4", tolerance: "1e-10", forceTolerance: "1e-8" }],
    ],
    guide: ["fields = [1]                # of the target's fermions only the heavy ones, numbered from 0", 'action.kind = "wilson"', "action.beta = 2.7128         # what the ratio does to the plaquette"],
    sampler: ["hmc", { length: "1.0" }],
    levels: [["fermions", 4], ["gauge", 2]],
    thermalisation: 20,
    trajectories: 200,
    observables: ["polyakov"],
  }, "slhmc"),
  of("slmc-regression", "self-learning Monte Carlo of SU(2) on 4^4: heatbath of five loops, whose weights are regressed first", {
    ...exact,
    guide: ["fermions = []               # S_theta is a sum of loops", ...loopLines([2.8, 0, 0, 0, 0]), 'trainable = ["gauge.weights"]'],
    sampler: ["slmc"],
    regression: 150,
    trajectories: 300,
  }, "slhmc"),
  of("su3-quenched", "SU(3) gauge fields alone, Wilson action on 8^4", {
    group: "SU(3)", extents: [8, 8, 8, 8], start: "cold", action: ["wilson"], sampler: ["hmc", { steps: "10", reunitarise: "100           # rounding slowly takes links off the group" }], seed: 1, thermalisation: 200, trajectories: 1000,
    observables: ["planes", "rectangle", "polyakov", "energy", "charge"], every: 10, measurement: { wilsonLoops: "[[1, 1], [2, 1], [2, 2]]", flow: "{ time = 1.0, step = 0.02, every = 0.1 }   # gradient flow" },
  }),
  of("u1-2d", "U(1) in two dimensions, where everything is known exactly", { group: "U(1)", extents: [16, 16], start: "hot", action: ["wilson", { beta: "2.0" }], sampler: ["hmc", { steps: "6" }], seed: 1, thermalisation: 200, trajectories: 5000, observables: ["rectangle", "charge"], format: "npy" }),
  of("phi4-hmc", "phi^4 theory in two dimensions, without links", { extents: [8, 8], start: "near-unit", width: "0.5", matter: ["phi4", { lambda: "6.008" }], sampler: ["hmc", { steps: "12" }], seed: 1, thermalisation: 200, trajectories: 5000, observables: ["moments"] }),
  of("higgs-hmc", "SU(2) with a Higgs doublet on 4^4", { group: "SU(2)", extents: [4, 4, 4, 4], start: "near-unit", width: "0.5", action: ["wilson", { beta: "2.3" }], matter: ["higgs"], sampler: ["hmc", { steps: "10" }], seed: 1, thermalisation: 50, trajectories: 400, observables: ["moments", "higgsLink", "polyakov"] }),
  of("fthmc-2d", "field-transformed HMC of U(1) in two dimensions, where topology moves more often", {
    group: "U(1)", extents: [16, 16], start: "hot", action: ["wilson", { beta: "4.0" }], transform: ["stout"], sampler: ["hmc", { steps: "21", length: "4.0" }], seed: 1, thermalisation: 100, trajectories: 2000, observables: ["charge"], format: "npy",
  }),
  of("l2hmc-2d", "L2HMC of U(1) in two dimensions: networks in the leapfrog steps, trained first", {
    group: "U(1)", extents: [8, 8], start: "hot", action: ["wilson", { beta: "2.0" }], sampler: ["l2hmc"], seed: 1, thermalisation: 100, trajectories: 1000, observables: ["charge"], format: "npy",
  }),
  of("demon-2d", "couplings of U(1) links in two dimensions by the demon method", {
    group: "U(1)", extents: [8, 8], start: "hot", action: ["wilson", { beta: "2.0" }], sampler: ["demon"], seed: 1, thermalisation: 100, trajectories: 3000, observables: ["charge"], every: 3, format: "npy",
  }),
  of("overlap-2d", "domain walls in molecular dynamics, overlap fermions in the Metropolis step: U(1) on 8 x 8", {
    group: "U(1)", extents: [8, 8], start: "hot", action: ["wilson", { beta: "4.0" }], fermions: [["overlap", { kernel: '"shamir"' }]],
    guide: ['fermions = [{ kind = "domain-wall", flavours = 2, mass = 0.1, Ls = 8, height = 1.0, exact = true }]   # or wilson, staggered, ... ; [] with action = { kind = "loops", ... }'],
    sampler: ["hmc", { length: "1.0" }], levels: [["fermions", 4], ["gauge", 2]], seed: 1, thermalisation: 10, trajectories: 40, observables: ["charge"], format: "npy",
  }, "slhmc"),
  // overlap fermions are no force of their own: theirs is the starter above
  ...builtIn.list("fermion").filter(({ name }) => name !== "overlap").map(ofFermions),
  of("heatbath", "SU(2) gauge fields by heatbath and overrelaxation on 8^4", { group: "SU(2)", extents: [8, 8, 8, 8], start: "hot", action: ["wilson", { beta: "2.3" }], sampler: ["heatbath"], seed: 1, thermalisation: 50, trajectories: 200, observables: ["polyakov"] }),
  of("anisotropic", "SU(3) gauge fields with different couplings in space and time", { group: "SU(3)", extents: [4, 4, 4, 8], start: "cold", action: ["anisotropic", { beta: "5.7", c1: "0.0                    # -1/12 with rectangles: Symanzik" }], sampler: ["hmc", { steps: "12" }], seed: 1, thermalisation: 50, trajectories: 200, observables: ["planes", "polyakov"] }),
];
