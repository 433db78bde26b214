/** HMC of two-dimensional U(1) with fermions, for the short and the long comparison with exact reweighting. */
import { type LinkField, chiralCondensate, gaugeAction, geometricCharge, hot, lattice, plaquettes, polyakovLoops, U1 } from "gaugegrad";
import { type Summary, type Target, hmc, runChain, sumOfTargets, summarise } from "../../src/samplers/index.ts";

export interface SchwingerRow {
  readonly L: number;
  readonly beta: number;
  /** Of a staggered field, for its condensate. */
  readonly mass?: number;
  /** Value and error: plaquette, (1/V) tr M^{-1}, Q^2, Re Polyakov t. */
  readonly reference: Readonly<Partial<Record<"plaquette" | "pbp" | "Q2" | "polyakov", readonly [number, number]>>>;
}

export function schwinger(row: SchwingerRow, fermions: (geo: ReturnType<typeof lattice>) => readonly Target[], run: { trajectories: number; steps: number; seed: number; every?: number }): Summary {
  const { mass } = row;
  const geo = lattice([row.L, row.L]);
  const U = hot(geo, U1, { seed: run.seed }) as LinkField;
  const action = sumOfTargets(gaugeAction.wilson({ beta: row.beta }) as Target, ...fermions(geo));
  const sampler = hmc({ action, integrator: "omelyan", steps: run.steps, length: 1, seed: run.seed });
  return summarise(
    runChain({
      sampler,
      U,
      trajectories: run.trajectories,
      thermalisation: Math.ceil(run.trajectories / 20),
      measure: {
        plaquette: (V) => plaquettes(V).mean,
        ...(mass !== undefined && { pbp: (V: LinkField) => chiralCondensate(V, { mass }).value }),
        Q2: (V) => geometricCharge(V) ** 2,
        polyakov: (V) => polyakovLoops(V)["t"]![0],
      },
    }),
  );
}
