/** Run files of `gaugegrad spins`: every key is known, everything else is an error. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { count, positive, whole } from "../sections/schema-values.ts";
import { checkedTables, readTables } from "../file/tables.ts";

/** The fermions on V sites are matrices of 2V x 2V numbers that are diagonalised. */
const extent = z.number().int().min(3).max(64);

const schema = z.strictObject({
  model: z.strictObject({
    lattice: z.tuple([extent, extent]).default([6, 6]),
    J: z.number().default(1),
    T: positive,
    mu: z.number().default(0),
  }),
  effective: z
    .strictObject({
      /** exact: local Metropolis; linear, attention: self-learning Monte Carlo. */
      kind: z.enum(["exact", "linear", "attention"]).default("attention"),
      shells: count.max(1000).default(6),
      reach: whole.max(64).default(6),
      layers: whole.max(64).default(1),
      gram: positive.default(1),
      /** A model.json that `spins train` wrote: what proposes, or (train) what gets further blocks. */
      file: z.string().min(1).optional(),
    })
    .prefault({}),
  training: z
    .strictObject({
      method: z.enum(["offline", "online"]).default("offline"),
      optimiser: z.enum(["gaussNewton", "adamW"]).default("gaussNewton"),
      samples: count.max(1_000_000).default(800),
      /** Further samples that are only looked at; without any the loss is judged on those that are learnt from. */
      test: whole.max(1_000_000).default(400),
      /** Folder of a run of the same model whose exact samples are taken. */
      run: z.string().min(1).optional(),
      /** Optimiser steps after each new block (offline), Monte Carlo steps (online). */
      steps: count.default(20),
      batch: count.optional(),
      rate: positive.default(1e-3),
      weightDecay: z.number().min(0).default(0.01),
      /** Width of the first weights of a new block. */
      width: positive.default(0.1),
    })
    .prefault({}),
  sampler: z
    .strictObject({
      seed: whole.default(0),
      thermalise: whole.default(100),
      steps: count.default(1000),
      updates: count.optional(),
      /** Spins that the chain starts from: the spins.json of another run (of a training the first exact sample); default random ones after 30 sweeps of local updates. */
      start: z.string().min(1).optional(),
    })
    .prefault({}),
  output: z.strictObject({ checkpoint: count.default(20) }).prefault({}),
});

/** A checked run file of spins, with all defaults; energies in units of the hopping t. */
export type SpinRun = z.infer<typeof schema>;

/** The same with what may be left out. */
export type SpinRunInput = z.input<typeof schema>;

/** Paths from the folder that they are written for. */
function placed(run: SpinRun, base: string): SpinRun {
  const at = <T extends object>(table: T, key: keyof T): T => (table[key] === undefined ? table : { ...table, [key]: resolve(base, String(table[key])) });
  return { ...run, effective: at(run.effective, "file"), training: at(run.training, "run"), sampler: at(run.sampler, "start") };
}

/** Reads a run file; paths in it are taken from its folder. @throws FileFormatError, ConfigurationError with the key, what stands there and what was expected. */
export function readSpinRun(file: string): SpinRun {
  return placed(readTables(file, "a run file with the tables model, effective, training, sampler: gaugegrad init spins writes one", schema), dirname(file));
}

/** A run file as a value; paths in it are taken from `base`, default the working directory. @throws ConfigurationError as `readSpinRun`. */
export function defineSpinRun(definition: SpinRunInput, base = "."): SpinRun {
  return placed(checkedTables(definition, "defineSpinRun", schema), base);
}
