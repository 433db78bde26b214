/** The machine and versions behind a result, as reports and run folders record them. */
import { cpus } from "node:os";
import type { Lattice } from "../autograd/index.ts";
import { hasRelaxedSimd, hasSimd } from "../backend/index.ts";

/** Node version, platform, processor and arithmetic of this process, as texts by name. */
export function environmentOf(lattice?: Lattice): Readonly<Record<string, string>> {
  const simd = hasSimd();
  const part = lattice?.engine.part;
  return {
    Node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} threads`,
    ...(part ? { ranks: `${part.comm.size}, grid ${part.grid.join("x")}, ${part.comm.name}` } : {}),
    arithmetic: simd ? (hasRelaxedSimd() ? "SIMD, fused multiply-add" : "SIMD, multiply then add") : "scalar",
  };
}
