/** Run files of `gaugegrad spins`: every key is known, everything else is an error. */
import { dirname, resolve } from "node:path";
import { TomlError, parse } from "smol-toml";
import { z } from "zod";
import { ConfigurationError } from "../../errors.ts";
import { readRegularFile } from "../../util/index.ts";

const positive = z.number().positive();
const count = z.number().int().min(1);
const whole = z.number().int().min(0);

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
  const text = readRegularFile(file, "a run file with the tables model, effective, training, sampler", 1 << 24).toString("utf8");
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigurationError(`${file}: line ${error.line}, column ${error.column}: ${error.message.split("\n")[0]}, expected TOML`);
  }
  const result = schema.safeParse(raw);
  if (!result.success) {
    const lines = result.error.issues.map((i) => `${i.path.join(".") || "file"}: ${i.code === "unrecognized_keys" ? `got the unknown key ${i.keys.join(", ")}, expected known ones` : `${i.message.replace(/^Invalid input: /, "")}`}`);
    throw new ConfigurationError(`${file}: ${lines.slice(0, 3).join("; ")}`);
  }
  const { effective } = result.data;
  return { ...result.data, effective: effective.file === undefined ? effective : { ...effective, file: resolve(dirname(file), effective.file) } };
}
