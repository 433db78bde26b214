/** Many random programs from one seed, each on its backends, and a report. */
import fc from "fast-check";
import type { FuzzBackend } from "./backends.ts";
import { type Outcome, check } from "./check.ts";
import { programs } from "./generate.ts";
import type { FuzzProgram } from "./program.ts";

export interface Campaign {
  readonly seed: number;
  /** Ends after so many programs, or so many minutes. */
  readonly count?: number;
  readonly minutes?: number;
  /** Where a program runs; a smaller version of it runs there too. */
  readonly backends: (p: FuzzProgram) => readonly FuzzBackend[];
  readonly progress?: (count: number) => void;
}

export interface Report {
  readonly count: number;
  /** Programs a backend, and programs that had nothing to compare. */
  readonly ran: ReadonlyMap<string, number>;
  readonly skipped: ReadonlyMap<string, number>;
  readonly ops: ReadonlySet<string>;
  readonly excess: number;
  /** What is wrong, with the smallest program found that shows it. */
  readonly failure?: string;
}

export function campaign({ seed, count = Number.MAX_SAFE_INTEGER, minutes, backends, progress }: Campaign): Report {
  let [done, excess] = [0, 0];
  const ran = new Map<string, number>();
  const skipped = new Map<string, number>();
  const ops = new Set<string>();
  const note = (o: Outcome): void => {
    excess = Math.max(excess, o.excess);
    for (const op of o.ops) ops.add(op);
    for (const name of o.ran) ran.set(name, (ran.get(name) ?? 0) + 1);
    if (o.skipped) skipped.set(o.skipped, (skipped.get(o.skipped) ?? 0) + 1);
  };
  const property = fc.property(programs, (p: FuzzProgram) => {
    const outcome = check(p, backends(p));
    if (p.shrunk) return;
    note(outcome);
    done++;
    progress?.(done);
  });
  const result = fc.check(property, { seed, numRuns: count, ...(minutes !== undefined && { interruptAfterTimeLimit: 60_000 * minutes, markInterruptAsFailure: false }) });
  const failure = result.failed ? `seed ${seed}, after ${done} programs, made smaller ${result.numShrinks} times:\n${(result.errorInstance as Error | undefined)?.message ?? String(result.errorInstance)}` : undefined;
  return { count: done, ran, skipped, ops, excess, ...(failure !== undefined && { failure }) };
}
