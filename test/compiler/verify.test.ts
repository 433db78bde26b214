/** The verifier accepts what the compiler makes and names what is broken on purpose; arenas never share living memory. */
import { describe, expect, test } from "vitest";
import { overlaps, placeArena } from "../../src/compiler/arena.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import type { Instruction, KernelStep, Schedule } from "../../src/compiler/ir.ts";
import { lower } from "../../src/compiler/lower.ts";
import { verify } from "../../src/compiler/analysis/verify.ts";
import { lattice } from "../../src/gauge/index.ts";
import { testPrograms } from "./programs.ts";

const geo = lattice([4, 4, 2, 4], { backend: "js" });
const programs = testPrograms(geo);

for (const [name, program] of Object.entries(programs))
  test(`${name}: schedule and arena are sound, also when memory is dear`, () => {
    for (const cost of [0, 48, 1000]) {
      const schedule = lower(program, cost);
      expect(verify(schedule, geo)).toEqual([]);
      expect(overlaps(placeArena(schedule.buffers, geo.engine as KernelEngine))).toEqual([]);
    }
  });

describe("what is broken is named", () => {
  const good = lower(programs["wilson force"]!);
  const kernel = good.steps[0] as KernelStep;
  const withInstructions = (change: (list: Instruction[]) => Instruction[], slots = kernel.slots): Schedule => ({
    ...good,
    steps: [{ ...kernel, instructions: change([...kernel.instructions]), slots }, ...good.steps.slice(1)],
  });
  const cases: [string, Schedule, RegExp][] = [
    ["an instruction left out", withInstructions((l) => l.slice(1)), /reads (slot \d+ before it is written|value \d+ from slot \d+, which holds value \d+)/],
    ["two instructions exchanged", withInstructions(([a, b, c, ...rest]) => [a!, c!, b!, ...rest]), /reads (slot|value)/],
    ["a slot that is too small", withInstructions((l) => l, kernel.slots.map(() => 1)), /writes 18 components to slot \d+ of 1/],
    ["a missing slot", withInstructions((l) => l, kernel.slots.slice(0, 1)), /writes slot \d+ of 1/],
    [
      "a slot used again too early",
      withInstructions((l) => l.map((i, k) => (k === 1 && i.target.kind === "slot" ? { ...i, target: { ...i.target, slot: (l[0]!.target as { slot: number }).slot } } : i))),
      /which holds value|reads slot/,
    ],
    ["a buffer outside its lifetime", { ...good, buffers: good.buffers.map((b, k) => (k === 0 ? { ...b, last: -1 } : b)) }, /buffer 0 is used outside its lifetime/],
    ["an output that nobody writes", { ...good, outputs: [...good.outputs, good.buffers.length], buffers: [...good.buffers, { type: good.buffers[0]!.type, first: -1, last: -1 }] }, /is not written/],
  ];
  for (const [what, schedule, message] of cases) test(what, () => expect(verify(schedule, geo).join("\n")).toMatch(message));

  test("steps in the wrong order", () => {
    const stout = lower(programs["stout force"]!);
    const turned = { ...stout, steps: [...stout.steps].reverse(), buffers: stout.buffers.map((b) => ({ ...b, first: 0, last: stout.steps.length })) };
    expect(verify(turned, geo).join("\n")).toMatch(/before it is written/);
  });

  test("arena pieces that collide", () => {
    const arena = placeArena(lower(programs["stout force"]!).buffers, geo.engine as KernelEngine);
    expect(arena.pieces.length).toBeGreaterThan(1);
    expect(overlaps({ ...arena, pieces: arena.pieces.map((p) => ({ ...p, at: 0 })) }).join("\n")).toMatch(/share memory in steps/);
  });
});
