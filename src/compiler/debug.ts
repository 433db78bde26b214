import { environmentVariable } from "../util/index.ts";

/** DEBUG=kernels in the environment verifies every schedule, prints it, and keeps times for `describe`. */
export function debugKernels(): boolean {
  return (environmentVariable("DEBUG") ?? "").split(",").includes("kernels");
}
