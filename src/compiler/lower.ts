/** Program -> schedule: what the analysis stores and where, as steps. */
import type { Program } from "../autograd/index.ts";
import { Analysis } from "./analysis/analysis.ts";
import type { Schedule } from "./ir.ts";
import type { Refinement } from "./emitter.ts";
import { Scheduler } from "./analysis/schedule.ts";

/** Arithmetic operations that cost as much as storing and loading one real (measured ratio of a cached load and store). */
export const STORE_COST = 48;
/** Highest cost that a memory budget may put on storing a real. */
export const MAX_STORE_COST = 64 * STORE_COST;

/** Compiles a program to a schedule of kernels. A higher cost of storing a real saves memory and computes more; `refine` may write the program in other ways once it is known what is stored, one after the other. */
export function lower(program: Program, storeCost = STORE_COST, refine: readonly Refinement[] = []): Schedule {
  let analysis = new Analysis(program, storeCost);
  for (const step of refine) {
    const refined = step(analysis);
    if (refined) analysis = new Analysis(refined.program, storeCost, refined.kept);
  }
  return new Scheduler(analysis).build();
}
