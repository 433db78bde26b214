/** Solvers called on fields: the residual is checked against the definition, and shifted systems against single ones. */
import { Session } from "node:inspector";
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, test } from "vitest";
import { type LinkField, closedFormLinks, closedFormSource, conjugateGradient, lattice, multiShiftConjugateGradient, record, scale, scaleBy, sub, dot, sum, solve, staggeredD, staggeredNormal, number, type Scalar, type Vector, type Links, add } from "gaugegrad";
import type { Storage } from "../../src/autograd/index.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import { ConfigurationError, CovarianceError, SolverError } from "../../src/errors.ts";

const normal = (x: Vector, { U, mass }: { U: Links; mass: Scalar }): Vector => staggeredNormal(U, x, mass);

describe.each(["js", "wasm"] as const)("backend %s", (backend) => {
  const geo = lattice([4, 4, 4, 4], { backend });
  const U = closedFormLinks(geo, 3, 0.8) as LinkField;
  const b = closedFormSource(geo, 3 as number);
  const residual = record((u, x, y, m, shift) => sum(dot(sub(y, add(staggeredNormal(u, x, m), scale(shift, x))), sub(y, add(staggeredNormal(u, x, m), scale(shift, x))))), U, b, b, 0.1, 0.1);
  const norm = record((y) => sum(dot(y, y)), b).run(b);
  const relative = (x: typeof b, mass: number, shift: number): number => Math.sqrt(residual.run(U, x, b, mass, shift) / norm);

  test("reaches the tolerance and says how", () => {
    const r = conjugateGradient(normal, b, { inputs: { U, mass: 0.1 }, tolerance: 1e-10 });
    expect(r.converged).toBe(true);
    expect(r.iterations).toBeGreaterThan(10);
    expect(r.residual).toBeLessThanOrEqual(2e-10);
    expect(Math.abs(relative(r.solution, 0.1, 0) / r.residual - 1)).toBeLessThan(1e-3);
  });

  test("an unreached tolerance is reported, not thrown", () => {
    const r = conjugateGradient(normal, b, { inputs: { U, mass: 0.1 }, maxIterations: 5 });
    expect([r.converged, r.iterations]).toEqual([false, 5]);
    expect(r.residual).toBeGreaterThan(1e-3);
    expect(Math.abs(relative(r.solution, 0.1, 0) / r.residual - 1)).toBeLessThan(1e-9);
  });

  test("shifted systems cost the applications of the smallest shift and agree with single solves", () => {
    const shifts = [0.31, 0, 0.07, 4, 100];
    const many = multiShiftConjugateGradient(normal, b, { inputs: { U, mass: 0.1 }, shifts });
    const single = conjugateGradient(normal, b, { inputs: { U, mass: 0.1 } });
    expect(many.converged).toBe(true);
    expect(many.iterations).toBe(single.iterations);
    shifts.forEach((s, k) => expect(relative(many.solutions[k]!, 0.1, s)).toBeLessThan(2e-12));
    shifts.forEach((s, k) => {
      const alone = conjugateGradient(normal, b, { inputs: { U, mass: Math.sqrt(0.01 + s) } });
      const v = alone.solution.toArray();
      many.solutions[k]!.toArray().forEach((x, i) => expect(Math.abs(x - v[i]!)).toBeLessThan(1e-9));
    });
  });

  test("a shifted system that has drifted from its recursion is taken up again, or reported", () => {
    // the solution of the second shift is disturbed once on the way: its recursion does not notice, its residual does
    const solveDisturbed = (maxIterations: number): ReturnType<typeof multiShiftConjugateGradient> => {
      const here = lattice([4, 4, 4, 4], { backend });
      const [V, y] = [closedFormLinks(here, 3, 0.8) as LinkField, closedFormSource(here, 3 as number)];
      const engine = here.engine as KernelEngine;
      const operator = engine.operator.bind(engine);
      let calls = 0;
      engine.operator = (key, make) => {
        const program = operator(key, make);
        if (!key.startsWith("shifted")) return program;
        return Object.assign(Object.create(program) as typeof program, {
          run: (inputs: readonly Storage[], outputs: readonly Storage[]) => {
            program.run(inputs, outputs);
            if (++calls !== 9) return;
            const data = new Float64Array(y.length);
            engine.read(outputs[0]!, y.type, data);
            engine.write(outputs[0]!, y.type, data.map((v) => 1.001 * v));
          },
        });
      };
      const r = multiShiftConjugateGradient(normal, y, { inputs: { U: V, mass: 0.1 }, shifts: [0, 0.3], maxIterations });
      expect(calls).toBeGreaterThan(9);
      return r;
    };
    const { iterations } = multiShiftConjugateGradient(normal, b, { inputs: { U, mass: 0.1 }, shifts: [0, 0.3] });
    const mended = solveDisturbed(5000);
    expect(mended.converged).toBe(true);
    expect(mended.residual).toBeLessThanOrEqual(2e-12);
    expect(mended.iterations).toBeGreaterThan(iterations);
    const data = mended.solutions[1]!.toArray();
    expect(relative(b.clone().set(data), 0.1, 0.3)).toBeLessThanOrEqual(2e-12);
    const reported = solveDisturbed(iterations);
    expect(reported.converged).toBe(false);
    expect(reported.residual).toBeGreaterThan(1e-5);
    expect(Math.abs(relative(b.clone().set(reported.solutions[1]!.toArray()), 0.1, 0.3) / reported.residual - 1)).toBeLessThan(1e-6);
  });

  test("b = 0 has the solution 0", () => {
    const zero = b.clone().set(new Float64Array(b.length));
    const r = conjugateGradient(normal, zero, { inputs: { U, mass: 0.1 } });
    expect([r.converged, r.iterations, r.residual]).toEqual([true, 0, 0]);
    expect(r.solution.toArray().every((x) => x === 0)).toBe(true);
  });
});

describe("errors", () => {
  const geo = lattice([4, 4]);
  const U = closedFormLinks(geo, 2, 0.8) as LinkField;
  const b = closedFormSource(geo, 2 as number);
  test("an operator that is not positive", () => {
    expect(() => conjugateGradient((x, { V }) => scaleBy(-1, staggeredNormal(V, x, number(V[0]!.tape, 0.1))), b, { inputs: { V: U } })).toThrow(SolverError);
  });
  test("NaN in the source", () => {
    expect(() => conjugateGradient(normal, b.clone().set(new Float64Array(b.length).fill(Number.NaN)), { inputs: { U, mass: 0.1 } })).toThrow(SolverError);
  });
  test("a result of another type", () => {
    expect(() => conjugateGradient((x, { V }) => staggeredD(V, x), b, { inputs: { V: U } })).toThrow(CovarianceError);
  });
  test("shifts", () => {
    expect(() => multiShiftConjugateGradient(normal, b, { inputs: { U, mass: 0.1 }, shifts: [] })).toThrow(ConfigurationError);
    expect(() => multiShiftConjugateGradient(normal, b, { inputs: { U, mass: 0.1 }, shifts: [-1] })).toThrow(ConfigurationError);
  });
});

/** Bytes that f allocates on the JavaScript heap, collected or not, estimated from samples. */
function allocated(f: () => void): number {
  interface Node {
    readonly selfSize: number;
    readonly children: readonly Node[];
  }
  const session = new Session();
  session.connect();
  const all = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
  session.post("HeapProfiler.startSampling", { samplingInterval: 1024, ...all });
  f();
  let total = 0;
  const size = (n: Node): number => n.children.reduce((s, c) => s + size(c), n.selfSize);
  session.post("HeapProfiler.stopSampling", (_error, { profile }) => (total = size(profile.head)));
  session.disconnect();
  return total;
}

v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;

/** Bytes that one iteration allocates, as the difference of many and of few iterations in equally many solves, and a run of the many. */
function iterationBytes(extents: readonly number[], shifts: readonly number[]): { readonly bytes: number; readonly run: () => void } {
  const geo = lattice(extents, { backend: "wasm" });
  const U = closedFormLinks(geo, 2, 0.8) as LinkField;
  const phi = closedFormSource(geo, 2 as number);
  const plan = record((V, x, m) => shifts.map((shift) => solve((v: Vector) => staggeredNormal(V, v, m), x, { shift })), U, phi, 0.1);
  const run = (mass: number) => (): void => {
    for (let k = 0; k < 40; k++) plan.run(U, phi, mass);
  };
  run(0.01)();
  const iterations = (mass: number): number => 40 * multiShiftConjugateGradient(normal, phi, { inputs: { U, mass }, shifts }).iterations;
  const more = iterations(0.01) - iterations(3);
  expect(more).toBeGreaterThan(1000);
  return { bytes: (allocated(run(0.01)) - allocated(run(3))) / more, run: run(0.01) };
}

describe.each([["one system", [0]], ["four shifts", [0, 0.01, 0.1, 1]]])("iterations, %s", (_, shifts) => {
  test("allocate boxed numbers alone: not more on a larger lattice, where a vector has 8 KiB more", () => {
    const [small, large] = [iterationBytes([4, 4, 4, 4], shifts), iterationBytes([8, 4, 4, 4], shifts)];
    expect(large.bytes - small.bytes).toBeLessThan(256);
    // how an engine boxes numbers is its own business (Node 20: 0.5 to 1 KiB, Node 26: 1 and 2 KiB for one and four systems); a vector would take 8 KiB
    expect(small.bytes).toBeLessThan(4096);
  });

  test("keep nothing", () => {
    const { run } = iterationBytes([4, 4, 4, 4], shifts);
    // the engine keeps what it learns and compiles on the first of them
    for (let k = 0; k < 5; k++) run();
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let k = 0; k < 5; k++) run();
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000);
  });
});
