/** The arithmetic in use: runs keep their bits under equal arithmetic only, so it is recorded and compared. */
import type { Lattice } from "../autograd/index.ts";
import { findToolchain, hasRelaxedSimd } from "../backend/index.ts";
import type { Arithmetic } from "./records.ts";

export function arithmeticOf(lattice: Lattice, strict: boolean): Arithmetic {
  const engine = lattice.engine.name;
  const fused = engine === "wasm" ? hasRelaxedSimd() : engine === "native" && /__FMA__|__ARM_FEATURE_FMA/.test(findToolchain().fingerprint);
  return { engine, fusedMultiplyAdd: !strict && fused };
}

/** `wasm, fused multiply-add` */
export function arithmeticText({ engine, fusedMultiplyAdd }: Arithmetic): string {
  return `${engine}, ${fusedMultiplyAdd ? "fused multiply-add" : "multiply then add"}`;
}
