/** Backends that can run here: native ones only where a C compiler and koffi are present. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadKoffi, findToolchain } from "../../src/backend/native.node.ts";

/** Why the native backend cannot run here, or undefined. */
export function nativeMissing(): string | undefined {
  try {
    findToolchain();
    loadKoffi();
    return undefined;
  } catch (e) {
    return (e as Error).message;
  }
}

/** A folder that is removed at the end of the process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
