/** Starter run files, one of each kind; they run as they are. Sections that several kinds share are written once. */
import type { RunCommand } from "./records.ts";
import { builtIn } from "./registry/built-in.ts";
import type { FermionPart } from "./registry/part.ts";

export interface Starter {
  readonly name: string;
  readonly command: RunCommand;
  readonly summary: string;
  readonly text: string;
}

export const output = `[output]
checkpoint = 20             # trajectories between two checkpoints; an interrupted run goes on from the last one
# configurations = { every = 100, format = "ildg" }   # also nersc, milc, bridge, npy

[checks]                    # every so many trajectories one is repeated bit for bit and integrated back
every = 100
`;

/** The SU(2) benchmark of arXiv:2103.11965. */
const benchmark = (guided: string, trajectories: string): string => `group = "SU(2)"

[lattice]
extents = [4, 4, 4, 4]      # Lx, Ly, Lz, Lt

[start]
kind = "near-unit"          # cold, hot, near-unit, or file with file = "..."
width = 0.5

[action]
kind = "wilson"             # wilson, symanzik, iwasaki, dbw2, loops
beta = 2.7

[fermions]                  # the target; [[fermions]] for several fields
kind = "staggered"
flavours = 4                # without roots: 4 or 8; kind "rational" takes 1 to 7
mass = 0.3
${guided}
[sampler]
integrator = "omelyan"      # leapfrogQPQ, leapfrogPQP, omelyan, omf4
steps = 8                   # of a trajectory
length = 1.0
seed = 1
${trajectories}
`;

const effective = (network: string): string => `
[network]                   # S_theta sees its output instead of the links; see gaugegrad schema for all kinds
${network}
[guide]                     # S_theta = gauge action + fermions on the network's links
masses = [0.4]
trainable = ["network"]     # also gauge.beta, fermions.mass, ...
`;

const covariant = `kind = "covariant"          # two layers, six weights
layers = 2
`;

const training = (trajectories: number): string => `[training]                  # online, in a prior HMC with the target's own force
objective = "centred"       # squared (the published loss), centred, acceptance, forceMatching
optimiser = "adam"          # adam, adamW, sgd, gaussNewton
rate = 4e-3
schedule = "cosine"         # constant, cosine, step
finalRate = 2e-4
trajectories = ${trajectories}
batch = 16                  # the newest configuration and 15 of the last 64
replay = 64
`;

const measurement = (observables: string): string => `[measurement]
every = 1
observables = [${observables}]
`;

const sections = (title: string, parts: readonly string[]): string => `# ${title}\n\n${parts.join("\n")}`;

const guided = (command: RunCommand, name: string, summary: string, network: string, trajectories: number, production: string): Starter => ({
  name,
  command,
  summary,
  text: sections(`${summary}: gaugegrad ${command} run.toml --dir out`, [
    benchmark(effective(network), production),
    training(trajectories),
    ...(command === "slhmc" ? [measurement(`"polyakov", "condensate", "forces"`)] : []),
    output,
  ]),
});

/** HMC with one kind of fermions: its own snippet in a run on 4^4 that takes less than a minute. */
const ofFermions = ({ name, title = name, starter }: FermionPart): Starter => ({
  name,
  command: "hmc",
  summary: `SU(2) with ${title} fermions on 4^4, two time scales`,
  text: sections(`SU(2) with ${title} fermions, the gauge force on a finer time scale: gaugegrad hmc run.toml --dir out`, [
    `group = "SU(2)"

[lattice]
extents = [4, 4, 4, 4]

[start]
kind = "near-unit"
width = 0.3

[action]
kind = "wilson"             # wilson, symanzik, iwasaki, dbw2, anisotropic, loops
beta = 2.5

[fermions]                  # [[fermions]] for several fields
kind = "${name}"
${starter}
# boundary = [1, 1, 1, -1]  # signs once around the lattice; twist = [...] for angles on top of them
tolerance = 1e-10           # relative residual of the solver for energies
forceTolerance = 1e-8       # the same for forces

[sampler]
length = 1.0
seed = 1
thermalisation = 10
trajectories = 40

[[sampler.levels]]          # coarsest first
force = "fermions"
integrator = "omelyan"
steps = 4

[[sampler.levels]]
force = "gauge"
integrator = "omelyan"
steps = 2
`,
    measurement(`"polyakov"`),
    output,
  ]),
});

const su2 = "thermalisation = 100\ntrajectories = 1000         # of production";

/** Starter run files of links, each valid as it stands. */
export const starters: readonly Starter[] = [
  {
    name: "su2-hmc",
    command: "hmc",
    summary: "HMC of SU(2) with four staggered flavours on 4^4",
    text: sections("HMC of SU(2) with four staggered flavours on 4^4: gaugegrad hmc run.toml --dir out", [benchmark("", su2), measurement(`"polyakov", "condensate"`), output]),
  },
  guided("train", "su2-train", "online training of the gauge covariant network, SU(2) on 4^4", covariant, 400, "thermalisation = 100"),
  guided("slhmc", "su2-slhmc", "self-learning HMC of SU(2) on 4^4, trained first", covariant, 200, "thermalisation = 100      # prior HMC before the training\ntrajectories = 1000         # of production, with the weights frozen"),
  guided("slhmc", "su2-cask", "self-learning HMC with covariant attention, SU(2) on 4^4", `kind = "cask"               # covariant attention with stout kernel
length = 1                  # largest distance of joined links
randomWidth = 0.01          # initial weights
`, 100, "thermalisation = 50\ntrajectories = 200"),
  {
    name: "su3-quenched",
    command: "hmc",
    summary: "SU(3) gauge fields alone, Wilson action on 8^4",
    text: sections("SU(3) gauge fields alone: gaugegrad hmc run.toml --dir out", [
      `group = "SU(3)"

[lattice]
extents = [8, 8, 8, 8]

[start]
kind = "cold"               # cold, hot, near-unit, or file with file = "..."

[action]
kind = "wilson"             # wilson, symanzik, iwasaki, dbw2, or loops with loops = [{ name = "plaquette", weight = 1.0 }, ...]
beta = 6.0

[sampler]
integrator = "omelyan"
steps = 10
length = 1.0
seed = 1
thermalisation = 200
trajectories = 1000
reunitarise = 100           # rounding slowly takes links off the group
`,
      `[measurement]
every = 10
observables = ["planes", "rectangle", "polyakov", "energy", "charge"]
wilsonLoops = [[1, 1], [2, 1], [2, 2]]
flow = { time = 1.0, step = 0.02, every = 0.1 }   # gradient flow
`,
      output,
    ]),
  },
  {
    name: "u1-2d",
    command: "hmc",
    summary: "U(1) in two dimensions, where everything is known exactly",
    text: sections("U(1) in two dimensions: gaugegrad hmc run.toml --dir out", [
      `group = "U(1)"

[lattice]
extents = [16, 16]          # Lx, Lt

[start]
kind = "hot"

[action]
kind = "wilson"             # beta times the sum of 1 - cos theta
beta = 2.0

[sampler]
integrator = "omelyan"
steps = 6
length = 1.0
seed = 1
thermalisation = 200
trajectories = 5000
`,
      measurement(`"rectangle", "charge"`),
      output.replace("ildg", "npy").replace("   # also nersc, milc, bridge, npy", ""),
    ]),
  },
  {
    name: "fthmc-2d",
    command: "hmc",
    summary: "U(1) in two dimensions by field-transformed HMC, where topology moves more often",
    text: sections("Field-transformed HMC: the sampler moves V, everything is measured on U = F(V): gaugegrad hmc run.toml --dir out", [
      `group = "U(1)"

[lattice]
extents = [16, 16]          # Lx, Lt

[start]
kind = "hot"

[action]
kind = "wilson"
beta = 4.0

[transform]                 # masked stout sweeps with exact log det
kind = "stout"
rho = 0.1                   # weight of the staples, below 1/(2(D-1))
sweeps = 2

[sampler]
integrator = "omelyan"
steps = 21
length = 4.0
seed = 1
thermalisation = 100
trajectories = 2000
`,
      measurement(`"charge"`),
      output.replace("ildg", "npy").replace("   # also nersc, milc, bridge, npy", ""),
    ]),
  },
  {
    name: "staggered",
    command: "hmc",
    summary: "SU(3) with four staggered flavours on 4^4, two time scales",
    text: sections("SU(3) with four staggered flavours, the gauge force on a finer time scale: gaugegrad hmc run.toml --dir out", [
      `group = "SU(3)"

[lattice]
extents = [4, 4, 4, 4]

[start]
kind = "near-unit"
width = 0.3

[action]
kind = "wilson"
beta = 5.7

[fermions]
kind = "staggered"
flavours = 4
mass = 0.5
tolerance = 1e-12           # relative residual of the solver

[sampler]
length = 1.0
seed = 1
thermalisation = 100
trajectories = 1000

[[sampler.levels]]          # coarsest first
force = "fermions"
integrator = "omelyan"
steps = 4

[[sampler.levels]]
force = "gauge"
integrator = "omelyan"
steps = 2
`,
      measurement(`"polyakov", "condensate", "pion"`),
      output,
    ]),
  },
  {
    name: "rational",
    command: "hmc",
    summary: "SU(2) with 2 + 1 staggered flavours by rational approximation (RHMC)",
    text: sections("SU(2) with 2 + 1 staggered flavours (RHMC): gaugegrad hmc run.toml --dir out", [
      `group = "SU(2)"

[lattice]
extents = [4, 4, 4, 4]

[start]
kind = "near-unit"

[action]
kind = "symanzik"
beta = 2.2

[[fermions]]
kind = "rational"
flavours = 2
mass = 0.3

[[fermions]]
kind = "rational"
flavours = 1
mass = 0.6

[sampler]
integrator = "omelyan"
steps = 8
length = 1.0
seed = 1
thermalisation = 50
trajectories = 500
`,
      measurement(`"polyakov", "forces"`),
      output,
    ]),
  },
  {
    name: "heatbath",
    command: "hmc",
    summary: "SU(2) gauge fields by heatbath and overrelaxation on 8^4",
    text: sections("SU(2) gauge fields by heatbath and overrelaxation: gaugegrad hmc run.toml --dir out", [
      `group = "SU(2)"

[lattice]
extents = [8, 8, 8, 8]

[start]
kind = "hot"

[action]
kind = "wilson"             # wilson, symanzik, iwasaki, dbw2, anisotropic, loops
beta = 2.3

[sampler]
kind = "heatbath"           # for gauge actions alone; one trajectory is a sweep with its overrelaxation
overrelaxation = 4          # sweeps after each heatbath sweep
seed = 1
thermalisation = 50
trajectories = 200
`,
      measurement(`"polyakov"`),
      output,
    ]),
  },
  {
    name: "anisotropic",
    command: "hmc",
    summary: "SU(3) gauge fields with different couplings in space and time",
    text: sections("SU(3) gauge fields on an anisotropic lattice: gaugegrad hmc run.toml --dir out", [
      `group = "SU(3)"

[lattice]
extents = [4, 4, 4, 8]

[start]
kind = "cold"

[action]
kind = "anisotropic"
beta = 5.7
xi = 2.0                    # beta / xi in space, beta xi with time; or betaSpace and betaTime
c1 = 0.0                    # -1/12 with rectangles: Symanzik

[sampler]
integrator = "omelyan"
steps = 12
length = 1.0
seed = 1
thermalisation = 50
trajectories = 200
`,
      measurement(`"planes", "polyakov"`),
      output,
    ]),
  },
  ...builtIn.list("fermion").filter((part) => part.name !== "staggered" && part.name !== "rational").map(ofFermions),
];
