/**
 * The engine's kernels through a real NVRTC where there is one (GAUGEGRAD_NVRTC, or on the library path): they compile for sm_90 without a device; registers and spills
 * of a Wilson force in SU(3), and of the kernels that every device has.
 */
import { expect, test } from "vitest";
import { type Compiler, openCompiler } from "../../src/backend/cuda/driver.ts";
import { RUNTIME } from "../../src/backend/cuda/runtime.ts";
import { cudaSource } from "../../src/compiler/emit/emit-cuda.ts";
import type { KernelEngine } from "../../src/compiler/engine.ts";
import { lower } from "../../src/compiler/lower.ts";
import { planKernel } from "../../src/compiler/kernels.ts";
import { recordPrograms } from "../../src/export/programs.ts";
import { subjectOf } from "../../src/export/subject.ts";
import { gaugeAction, lattice } from "../../src/gauge/index.ts";

function present(): Compiler | string {
  try {
    return openCompiler();
  } catch (error) {
    return (error as Error).message;
  }
}

const nvrtc = present();
if (typeof nvrtc === "string") console.log(`NVRTC skipped: ${nvrtc}`);

/** The compiler's words on a file of kernels for sm_90. */
function compiled(source: string): string {
  const c = nvrtc as Compiler;
  const [program, size] = [new BigUint64Array(1), new BigUint64Array(1)];
  expect(c.nvrtcCreateProgram(program, source, "kernels.cu", 0, null, null)).toBe(0);
  const status = c.nvrtcCompileProgram(program[0]!, 4, ["--gpu-architecture=sm_90", "--std=c++17", "--fmad=true", "--ptxas-options=-v"]);
  c.nvrtcGetProgramLogSize(program[0]!, size);
  const log = new Uint8Array(Number(size[0]));
  c.nvrtcGetProgramLog(program[0]!, log);
  c.nvrtcDestroyProgram(program);
  const text = new TextDecoder().decode(log);
  expect(status, text).toBe(0);
  return text;
}

/** Registers and spills of the kernels that a log speaks of. */
function used(title: string, log: string): string[] {
  const kernels = [...log.matchAll(/Function properties for (\S+)\n[^\n]*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads\n.*?Used (\d+) registers/g)];
  expect(kernels.length).toBeGreaterThan(0);
  return kernels.map(([, name, frame, stores, loads, registers]) => `${title}, ${name}: ${registers} registers, stack ${frame}, spills ${stores} + ${loads} bytes`).sort();
}

test.skipIf(typeof nvrtc === "string")("the kernels of a device and a Wilson force in SU(3)", async () => {
  const L = lattice([4, 4, 4, 4], { backend: "js" });
  const engine = L.engine as KernelEngine;
  expect(engine.layout.width).toBe(1);
  const { program } = [...recordPrograms(subjectOf(gaugeAction.wilson({ beta: 6 }))!, L, 3)].find((p) => p.name === "force")!;
  const schedule = lower(program);
  const plans = schedule.steps.flatMap((s) => (s.kind === "kernel" ? [planKernel(s, schedule, new Map(), true)] : []));
  const lines = [...used("every device", compiled(RUNTIME)), ...used("force", compiled(cudaSource(plans, { order: (d) => engine.order(d), layout: engine.layout, blocks: engine.layout.blocks })))];
  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  (nvrtc as Compiler).nvrtcVersion(major, minor);
  const text = `${lines.join("\n")}\n`;
  if (major[0] === 13 && minor[0] === 0) await expect(text).toMatchFileSnapshot("__snapshots__/sm_90.txt");
  else console.log(`NVRTC ${major[0]}.${minor[0]}: the snapshot is of 13.0, registers are not compared:\n${text}`);
});
