/** Replaying a plan allocates no fields and keeps nothing: heap growth over many replays, without and with a collection at the end. */
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, test } from "vitest";
import { DirectionalField, SU, covariantNetwork, gaugeAction, hot, lattice, plaquettes, record, scale, stout, sum, reTrace, plaquette } from "gaugegrad";

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/**
 * Bytes that one call leaves on the heap, garbage included. How numbers are boxed is the engine's business; an array over the 256 sites has 2 KiB.
 * The least of five windows: a compilation in the background falls into one of them, an array of every call into all.
 */
function bytesPerCall(f: () => void, calls = 200): number {
  for (let k = 0; k < 300; k++) f();
  const windows = Array.from({ length: 5 }, () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let k = 0; k < calls; k++) f();
    return (process.memoryUsage().heapUsed - before) / calls;
  });
  return Math.min(...windows);
}

const LESS_THAN_AN_ARRAY = 2048;

describe.each(["js", "wasm"] as const)("%s", (backend) => {
  const L = lattice([4, 4, 4, 4], { backend });
  const U = hot(L, SU(2), { seed: 1 });

  test("a scalar of links and a number", () => {
    const plan = record((V, s) => scale(s, sum(reTrace(plaquette(V, 0, 1)))), U, 0.5);
    expect(bytesPerCall(() => void plan.run(U, 0.25))).toBeLessThan(LESS_THAN_AN_ARRAY);
  });

  test("value and force into given fields, through a network with weights", () => {
    const S = gaugeAction.wilson({ beta: 2 }).after(covariantNetwork({ layers: 1 }));
    const F = new DirectionalField(L, 2, "algebra");
    expect(bytesPerCall(() => void S.valueAndForce(U, F))).toBeLessThan(LESS_THAN_AN_ARRAY);
  });

  test("a structured result", () => {
    const plan = record((V) => ({ smeared: stout({ rho: 0.1 }).forward(V, { rho: scale(0.1, sum(reTrace(plaquette(V, 0, 1)))) }), p: sum(reTrace(plaquette(V, 2, 3))) }), U);
    expect(bytesPerCall(() => void plan.run(U))).toBeLessThan(LESS_THAN_AN_ARRAY);
    expect(plaquettes(U).mean).toBeLessThan(1);
  });
});

test("memory after many replays is what it was before", () => {
  const L = lattice([4, 4], { backend: "wasm" });
  const U = hot(L, SU(3), { seed: 1 });
  const S = gaugeAction.wilson({ beta: 5 });
  const F = new DirectionalField(L, 3, "algebra");
  for (let k = 0; k < 1000; k++) S.valueAndForce(U, F);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let k = 0; k < 10_000; k++) S.valueAndForce(U, F);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000);
});
