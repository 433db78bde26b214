/** The chiral condensate of staggered fermions, by noise. */
import { z } from "zod";
import { chiralCondensate } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import { deflate, mass, staggeredOptions, staggeredProblem } from "./options.ts";

/** Noise of neighbouring trajectories and of other chains of the seed is independent. */
const noiseStream = (stream: number, trajectory: number): number => (stream * 1_000_003 + trajectory) % 2 ** 32;

export const condensate = observable({
  name: "condensate",
  title: "chiral condensate",
  options: z.strictObject({ mass, deflate, sources: z.int().min(2).optional().describe("noise sources; default measurement.sources") }),
  measure: (U, options, { trajectory, noise, run }) =>
    chiralCondensate(U, { ...staggeredOptions(options, run), ...(options.deflate === undefined ? {} : { deflate: options.deflate }), method: { sources: options.sources ?? run.measurement.sources, seed: noise.seed, stream: noiseStream(noise.stream, trajectory) } }).value,
  problem: (options, run) => staggeredProblem("condensate", options, run),
});
