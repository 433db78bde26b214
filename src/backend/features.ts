/** What this JavaScript engine can do; probed, never assumed. */
import { setEngineFlag } from "#platform/backend/host";
import { Wasm } from "./webassembly.ts";

/** (f64x2, f64x2, f64x2) -> relaxed_madd, as a module. */
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 135, 2, 11];
/** () -> v128.const, drop. */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11];

/** True when 128-bit SIMD modules validate. */
export function hasSimd(): boolean {
  return Wasm.validate(new Uint8Array(SIMD));
}

/**
 * True when fused multiply-add on f64x2 is available. Node 20 has it behind an engine flag that can be set while running, before the
 * first module that uses it.
 */
export function hasRelaxedSimd(): boolean {
  if (Wasm.validate(new Uint8Array(RELAXED))) return true;
  setEngineFlag("--experimental-wasm-relaxed-simd");
  return Wasm.validate(new Uint8Array(RELAXED));
}
