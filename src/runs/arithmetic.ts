/** The arithmetic in use: runs keep their bits under equal arithmetic only, so it is recorded and compared. */
import type { Lattice } from "../autograd/index.ts";
import { findToolchain, hasRelaxedSimd } from "../backend/index.ts";
import { sha256Hex } from "../util/index.ts";
import type { Arithmetic } from "./records.ts";

/** Bits of logarithms, sines, cosines and exponentials. Random numbers and exponentials of matrices are made of these, and a standard that fixes them does not exist. */
function elementaryBits(): string {
  const x = Float64Array.from({ length: 512 }, (_, k) => (k + 0.5) / 128);
  const values = [Math.log, Math.sin, Math.cos, Math.exp].flatMap((f) => Array.from(x, (y) => f(y)));
  return sha256Hex([new Uint8Array(Float64Array.from(values).buffer)]).slice(0, 8);
}

/** Those of Node 20 to 26. */
const NODE = "609c0309";

export function arithmeticOf(lattice: Lattice, strict: boolean): Arithmetic {
  const engine = lattice.engine.name;
  const fused = engine === "wasm" ? hasRelaxedSimd() : engine === "cuda" || (engine === "native" && /__FMA__|__ARM_FEATURE_FMA/.test(findToolchain().fingerprint));
  return { engine, fusedMultiplyAdd: !strict && fused, elementary: elementaryBits() };
}

/** `wasm, fused multiply-add` */
export function arithmeticText({ engine, fusedMultiplyAdd, elementary: bits = NODE }: Arithmetic): string {
  return `${engine}, ${fusedMultiplyAdd ? "fused multiply-add" : "multiply then add"}${bits === NODE ? "" : `, elementary functions ${bits}`}`;
}
