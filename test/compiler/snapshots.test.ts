/** The kernels of the programs that matter most, as text: a change of the compiler shows here. */
import { expect, test } from "vitest";
import { ProgramExecutable } from "../../src/compiler/executable.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import { placeArena } from "../../src/compiler/arena.ts";
import { lower } from "../../src/compiler/lower.ts";
import { lattice } from "../../src/gauge/index.ts";
import { testPrograms } from "./programs.ts";

const geo = lattice([4, 4, 4, 4], { backend: "js" });
const programs = testPrograms(geo);

function describeProgram(name: string): string {
  const schedule = lower(programs[name]!);
  const engine = geo.engine as KernelEngine;
  return new ProgramExecutable(engine, schedule, placeArena(schedule.buffers, engine)).describe();
}

for (const name of ["staple", "wilson force", "stout", "staggered D", "staggered D, odd to even"]) test(name, () => expect(describeProgram(name)).toMatchSnapshot());

for (const name of ["stout force", "cask"])
  test(`${name}: cost of each kernel`, () => {
    const lines = describeProgram(name).split("\n");
    expect(lines.filter((line) => !line.startsWith("  ")).join("\n")).toMatchSnapshot();
  });
