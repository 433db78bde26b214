/** What is said where a library, a card, memory or a compilation is missing: one line each, and exit code 1. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { CudaDevice } from "../../src/backend/cuda.node.ts";
import { lattice } from "../../src/gauge/index.ts";
import { cli } from "../cli/helpers.ts";
import { fakeCuda } from "./fake.ts";

const NAMES = ["GAUGEGRAD_CUDA_DRIVER", "GAUGEGRAD_NVRTC", "FAKE_CUDA_FAIL"];
const environment = fakeCuda();
const present = environment !== undefined;

beforeAll(() => NAMES.forEach((n) => delete process.env[n]));
afterEach(() => NAMES.forEach((n) => delete process.env[n]));

const line = (start: string): RegExp => new RegExp(`^${start}[^\\n]*$`);

test.skipIf(!present)("no driver, on the command line and in a program", async () => {
  process.env["GAUGEGRAD_CUDA_DRIVER"] = "/nowhere/libcuda.so.1";
  const said = "backend cuda: got no CUDA driver library that loads \\([^)]*\\), expected /nowhere/libcuda.so.1: install the driver of the NVIDIA card, or name the file in GAUGEGRAD_CUDA_DRIVER, or use backend wasm";
  expect(() => lattice([4, 4], { backend: "cuda" }).engine).toThrow(line(said));
  writeFileSync(join(environment!["FAKE_CUDA"]!, "plain.ts"), 'import { gaugeAction } from "gaugegrad";\nexport const plain = gaugeAction.wilson({ beta: 6 });\n');
  const { code, stderr, stdout } = await cli(["check", join(environment!["FAKE_CUDA"]!, "plain.ts"), "--backend", "cuda"]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr.trim()).toMatch(new RegExp(`${said}$`));
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test.skipIf(!present)("no NVRTC", () => {
  Object.assign(process.env, environment, { GAUGEGRAD_NVRTC: "/nowhere/libnvrtc.so" });
  expect(() => new CudaDevice()).toThrow(line("backend cuda: got no NVRTC library that loads .*pip install nvidia-cuda-nvrtc.*GAUGEGRAD_NVRTC"));
});

test.skipIf(!present).each([
  ["init", "backend cuda: the driver does not start \\(CUDA_ERROR_UNKNOWN, 999\\), expected a card.*nvidia-smi"],
  ["devices", "backend cuda: the driver shows no device, expected one: see nvidia-smi and CUDA_VISIBLE_DEVICES"],
  ["memory", "memory: the device processor in place of a device refused 2097152 bytes, \\d+ of 4294967296 are free: use a smaller lattice"],
  ["compile", "backend cuda: NVRTC 13.0 failed in nvrtcCompileProgram: [^\\n]*unknown_word[^\\n]*\\(NVRTC_ERROR_COMPILATION\\), expected PTX for processor in place of a device \\(sm_90\\): install an NVRTC"],
  ["launch", "backend cuda: cuLaunchKernel failed on processor in place of a device \\(CUDA_ERROR_LAUNCH_FAILED, 719\\), expected success: results since the last read are lost"],
])("a failure of %s", (what, message) => {
  Object.assign(process.env, environment, { FAKE_CUDA_FAIL: what });
  expect(() => {
    const device = new CudaDevice();
    device.allocate(2 << 20);
    const kernel = device.module(`#include "cuda_shim.h"\nextern "C" void nothing(const int&) {}\n`, true)("nothing");
    device.launch(kernel, 100, new Uint8Array(8));
  }).toThrow(line(message));
});

test("ranks and single precision are refused", () => {
  expect(() => lattice([4, 4], { backend: "cuda", precision: "f32" }).engine).toThrow(/precision "f32": got backend cuda, expected backend wasm or native/);
});
