/** Run files of `gaugegrad spins`: every key is known, everything else is an error. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { count, positive, whole } from "../schema-values.ts";
import { readTables } from "../tables.ts";

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
      layers: count.max(64).default(1),
      gram: positive.default(1),
      /** A model.json that `spins train` wrote. */
      file: z.string().min(1).optional(),
    })
    .prefault({}),
  training: z
    .strictObject({
      method: z.enum(["offline", "online"]).default("offline"),
      optimiser: z.enum(["gaussNewton", "adamW"]).default("gaussNewton"),
      samples: count.max(1_000_000).default(800),
      test: count.max(1_000_000).default(400),
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
    })
    .prefault({}),
  output: z.strictObject({ checkpoint: count.default(20) }).prefault({}),
});

/** A checked run file of spins, with all defaults; energies in units of the hopping t. */
export type SpinRun = z.infer<typeof schema>;

/** Reads a run file; `effective.file` is taken from its folder. @throws FileFormatError, ConfigurationError with the key, what stands there and what was expected. */
export function readSpinRun(file: string): SpinRun {
  const run = readTables(file, "a run file with the tables model, effective, training, sampler: gaugegrad init spins writes one", schema);
  const { effective } = run;
  return { ...run, effective: effective.file === undefined ? effective : { ...effective, file: resolve(dirname(file), effective.file) } };
}
