/** The model file at the end of a training. */
import { type Plain, saveModel } from "../../models/index.ts";
import { parameterSpace } from "../../util/index.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import type { System } from "../system-types.ts";

/** Writes network, weights and trained couplings; a run without a network has nothing that a model file holds, its couplings stand in metrics.jsonl and in the checkpoint. */
export function writeModel(file: string, run: ResolvedRun, system: System, theta: Float64Array): void {
  const { network, effective } = system.guide ?? {};
  if (!network || !effective) return;
  const trained = effective.with(theta);
  const space = parameterSpace(network.layer.parameters);
  const others = trained.names.flatMap((name, k) => (name.startsWith("network.") ? [] : [[name, theta[k]!] as const]));
  const { configuration: c, hash, command } = run;
  saveModel(file, {
    name: network.name,
    declaration: network.declaration,
    network: network.layer.with(space.unflatten(space.flatten(trained.input("network")))),
    group: system.group.N,
    dimension: system.lattice.dim,
    others: Object.fromEntries(others),
    training: { command, configurationHash: hash, seed: c.sampler.seed, lattice: c.lattice.extents, action: c.action, fermions: c.fermions, guide: c.guide, training: c.training! } as unknown as Plain,
  });
}
