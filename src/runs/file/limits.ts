/** Sizes that are judged before anything is built: counts that no machine could follow, and bytes that no memory holds. */
import { totalmem } from "node:os";
import { nativeLimit } from "../../backend/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { type LatticeOptions, parseGroup } from "../../gauge/index.ts";
import { integratorOf } from "../../samplers/index.ts";
import { bytesText } from "../../util/index.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { isOffline } from "../sections/offline.ts";
import type { RunConfiguration } from "../sections/sections.ts";

/** Moves of a trajectory, all levels together. */
const MOST_MOVES = 1e6;
/** Steps of the gradient flow between two measurements of a run. */
const MOST_FLOW_STEPS = 1e6;
/** Addresses of WebAssembly memory. */
const ADDRESSABLE = 2 ** 32;
/** Fields of the size of the links that every trajectory needs: links, momenta, force and the links to go back to. */
export const LEAST_FIELDS = 4;

const volumeOf = ({ lattice }: RunConfiguration): number => lattice.extents.reduce((v, L) => v * L, 1);

/** Bytes of one link field in a file: matrices. */
const storedBytes = (c: RunConfiguration): number => 16 * parseGroup(c.group).N ** 2 * c.lattice.extents.length * volumeOf(c);

/** Bytes of one link field in memory. */
export function fieldBytes(c: RunConfiguration): number {
  return storedBytes(c) / (c.lattice.quaternions ? 2 : 1);
}

/** Bytes of one checkpoint, with its replay buffer. */
export function checkpointBytes({ configuration: c }: Pick<ResolvedRun, "configuration">): number {
  const { training } = c;
  const online = training && !isOffline(training) && ((training.batch ?? 1) > 1 || training.replay !== undefined);
  const replay = online ? (training.replay ?? training.batch ?? 1) : 0;
  const pseudofermions = c.fermions.length * 16 * parseGroup(c.group).N * volumeOf(c);
  const chains = isOffline(training) ? 1 : (training?.shards ?? 1);
  return chains * (storedBytes(c) + replay * (storedBytes(c) * (training?.objective === "acceptance" ? 2 : 1) + pseudofermions));
}

/** What is too large in a configuration, whatever the machine; undefined when nothing is. */
export function sizeProblem({ sampler, measurement, lattice }: RunConfiguration): string | undefined {
  const levels = sampler.levels ?? [{ force: "", integrator: sampler.integrator ?? "omelyan", steps: sampler.steps ?? 1 }];
  let [moves, drifts] = [0, 1];
  for (const { integrator, steps } of levels) {
    const { stages } = integratorOf(integrator);
    moves += drifts * steps * stages.filter(([kind]) => kind === "kick").length;
    drifts *= steps * stages.filter(([kind]) => kind === "drift").length;
  }
  if (moves + drifts > MOST_MOVES) return `sampler.${sampler.levels ? "levels" : "steps"}: got ${moves + drifts} moves a trajectory, expected at most ${MOST_MOVES}`;
  const longest = 4 * Math.max(...lattice.extents);
  const loop = measurement.wilsonLoops.find(([T, R]) => T! > longest || R! > longest);
  if (loop) return `measurement.wilsonLoops: got [${loop.join(", ")}], expected sides of at most ${longest}, four times the largest extent`;
  const { flow } = measurement;
  if (flow && flow.time / flow.step > MOST_FLOW_STEPS) return `measurement.flow.step: got ${flow.time / flow.step} steps, expected at most ${MOST_FLOW_STEPS}`;
  return undefined;
}

/** @throws ConfigurationError with the bytes when the fields of a run cannot fit into the memory of the backend or the machine. */
export function expectRoom(run: Pick<ResolvedRun, "source" | "configuration">, engine: LatticeOptions): void {
  const { extents } = run.configuration.lattice;
  const fields = LEAST_FIELDS * fieldBytes(run.configuration);
  const native = engine.backend === "native";
  const bound = engine.engine ? totalmem() : native ? nativeLimit() : Math.min(ADDRESSABLE, totalmem());
  const elsewhere = !native && !engine.engine && fields < nativeLimit() ? ", or --backend native, which the memory of the machine bounds" : "";
  if (fields > bound) throw new ConfigurationError(`${run.source}: lattice.extents: got ${extents.join("x")}, whose links, momenta, force and backup take ${bytesText(fields)} (${fields} bytes), expected at most ${bytesText(bound)}: use a smaller lattice${elsewhere}`);
  const state = checkpointBytes(run);
  if (state > totalmem() / 2) throw new ConfigurationError(`${run.source}: training.replay: got samples of ${bytesText(state)} (${state} bytes) in a checkpoint, expected at most ${bytesText(totalmem() / 2)}: use a smaller replay`);
}
