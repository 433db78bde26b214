/** Run files whose results are compared between ways of dividing the work: HMC with a layer of the user's own, stout with staggered fermions, training of CASK, HMC with quaternions, SLHMC with an exact determinant. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunCommand } from "../../src/runs/index.ts";

const SMEARED = `import { type Links, adj, exp, gaugeAction as actions, layer, mul, reTrace, real, scale, staples, ta, tanh } from "gaugegrad";
import { gaugeAction, z } from "gaugegrad/runs";
const gated = layer({
  name: "gated",
  params: { rho: real(0.05) },
  forward: (U, { rho }) =>
    U.map((mu) => {
      const loops = mul(staples(U, mu), adj(U[mu]!));
      return mul(exp(ta(scale(scale(rho, tanh(reTrace(loops))), loops))), U[mu]!);
    }) as Links,
});
export default gaugeAction({ name: "smeared", options: z.strictObject({ beta: z.number() }), build: ({ beta }) => actions.wilson({ beta }).after(gated) });
`;
const head = (action: string, group = "SU(2)"): string => `group = "${group}"
lattice.extents = [4, 4, 4, 8]
start.kind = "hot"
action = ${action}
output.checkpoint = 2
`;
const WILSON = '{ kind = "wilson", beta = 2.3 }';

export interface Job {
  readonly command: RunCommand;
  readonly text: string;
}

/** By name. */
export const jobs: Readonly<Record<"own" | "stout" | "cask" | "quaternions" | "exact", Job>> = {
  own: {
    command: "hmc",
    text: `${head('{ module = "./smeared.ts", beta = 2.3 }')}
sampler = { steps = 2, length = 0.3, seed = 3, thermalisation = 1, trajectories = 2 }
measurement.observables = ["polyakov", "rectangle", "forces"]
checks.every = 2
`,
  },
  stout: {
    command: "slhmc",
    text: `${head(WILSON)}
fermions = { kind = "staggered", flavours = 4, mass = 0.5 }
network = { kind = "stout" }
guide = { masses = [0.6], trainable = ["network", "gauge.beta"] }
sampler = { steps = 2, length = 0.3, seed = 3, trajectories = 1 }
training = { trajectories = 2, rate = 1e-2, batch = 2, replay = 2 }
measurement.observables = ["polyakov", "condensate"]
checks.every = 0
`,
  },
  quaternions: {
    command: "hmc",
    text: `${head(WILSON)}
lattice.quaternions = true
sampler = { steps = 2, length = 0.3, seed = 3, reunitarise = 1, trajectories = 2 }
checks.every = 2
`,
  },
  exact: {
    command: "slhmc",
    text: `${head('{ kind = "wilson", beta = 1.0 }', "U(1)")}
fermions = { kind = "staggered", flavours = 4, mass = 0.5, exact = true }
network = { kind = "stout" }
guide = { masses = [0.6] }
sampler = { steps = 2, length = 0.3, seed = 3, trajectories = 2 }
training = { trajectories = 2, rate = 1e-2, batch = 2, replay = 2 }
checks.every = 2
`,
  },
  cask: {
    command: "train",
    text: `${head(WILSON)}
fermions = { kind = "staggered", flavours = 4, mass = 0.5 }
network = { kind = "cask" }
guide = { masses = [0.6] }
sampler = { steps = 2, length = 0.3, seed = 3 }
training = { trajectories = 2, rate = 1e-2, batch = 2, replay = 2 }
checks.every = 0
`,
  },
};

/** Writes the run files into a folder. */
export function writeJobs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "smeared.ts"), SMEARED);
  for (const [name, { text }] of Object.entries(jobs)) writeFileSync(join(folder, `${name}.toml`), text);
}
