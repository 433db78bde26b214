/** What several chains have found: each for itself, all together, and whether they agree. */
import { gammaMethodReplicas, table, withError } from "../../util/index.ts";
import type { CheckpointState, MetricsRecord } from "../records.ts";
import { type RunSummary, productionSeries, summaryOf } from "../summary/summary.ts";

/** What the chains of one run have found, each and together. */
export interface ChainsSummary {
  readonly chains: readonly RunSummary[];
  /** Errors include autocorrelations; `probability` that chains of one distribution differ as much. */
  readonly merged: { readonly [name: string]: ReturnType<typeof gammaMethodReplicas> };
  /** Alarms of the chains, and quantities on which they disagree. */
  readonly alarms: readonly string[];
}

/** Fewest values of each chain. */
const ENOUGH = 8;
/** Probability of disagreement by chance, all quantities together. */
const DISAGREE = 1e-6;
/** Independent values from which on errors are known well enough for that. */
const INDEPENDENT = 40;

/**
 * Summary of each chain and merged estimates of what every chain has at least 8 values of, with errors by the Gamma method (hep-lat/0306017); an
 * alarm for each quantity on which the chains disagree.
 */
export function summaryOfChains(chains: readonly { readonly records: readonly MetricsRecord[]; readonly parameters: CheckpointState["parameters"] }[]): ChainsSummary {
  const own = chains.map(({ records, parameters }) => summaryOf(records, parameters));
  const series = chains.map(({ records }) => new Map(productionSeries(records)));
  const names = [...new Set(series.flatMap((s) => [...s.keys()]))];
  const merged = Object.fromEntries(
    names.flatMap((name) => {
      const values = series.map((s) => s.get(name) ?? []);
      return values.every((v) => v.length >= ENOUGH) ? [[name, gammaMethodReplicas(values)]] : [];
    }),
  );
  const differ = Object.entries(merged).flatMap(([name, { probability, independent }]) => (independent >= INDEPENDENT && probability < DISAGREE / Math.max(1, names.length) ? [`the chains disagree on ${name}: probability ${probability.toExponential(1)}, expected one distribution: they are not thermalised, or shorter than their autocorrelations`] : []));
  return { chains: own, merged, alarms: [...own.flatMap(({ alarms }, k) => alarms.map((text) => `chain ${k}: ${text}`)), ...differ] };
}

/** The summary as text for a terminal. */
export function chainsText({ chains, merged, alarms }: ChainsSummary): string {
  const phases = chains.map((c, k) => `chain ${k}: ${Object.entries(c.phases).map(([phase, { trajectories, acceptance }]) => `${phase} ${trajectories} trajectories, acceptance ${acceptance.toFixed(3)}`).join("; ") || "nothing yet"}`);
  const rows = Object.entries(merged).map(([name, e]) => [name, withError(e.mean, e.error), withError(e.tauInt, e.tauIntError), e.probability.toPrecision(2), ...chains.map((c) => (c.estimates[name] ? withError(c.estimates[name].mean, c.estimates[name].error) : "-"))]);
  return [...phases, ...(rows.length > 0 ? ["", table(["quantity", "all chains", "tau_int", "Q", ...chains.map((_, k) => `chain ${k}`)], rows)] : []), ...(alarms.length > 0 ? ["", ...alarms.map((text) => `warning: ${text}`)] : [])].join("\n");
}
