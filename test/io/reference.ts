/** Data files that are no part of the repository; tests that need them are skipped, with the reason, where they are not. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../../shared/reference");

/** Path of a reference file, or of their folder. */
export const reference = (path = ""): string => resolve(root, path);

/** undefined when the files are there, else why not; printed once by each test file. */
export const missing: string | undefined = existsSync(root) ? undefined : `reference files are not at ${root}`;
if (missing) console.log(`skipped: ${missing}`);

export interface ReferenceNumbers {
  readonly format: string;
  readonly dims: readonly number[];
  readonly N: number;
  readonly numbers: Readonly<Record<string, number>>;
  readonly staggered?: Readonly<Record<"bc-1" | "bc+1", Readonly<Record<string, number>>>>;
}

export function referenceNumbers(): Readonly<Record<string, ReferenceNumbers>> {
  return JSON.parse(readFileSync(reference("configurations.json"), "utf8")) as Record<string, ReferenceNumbers>;
}

/** Relative deviation; absolute for numbers below 1e-3, whose relative accuracy is limited by cancellation. */
export function deviation(got: number, expected: number): number {
  return Math.abs(got - expected) / Math.max(Math.abs(expected), 1e-3);
}
