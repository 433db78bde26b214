/** What ranks must have in common before they work together: compared first, so that no call of one meets another one's. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LatticeOptions } from "../../gauge/index.ts";
import { absolutePath, namesIn, packageVersion } from "../../util/index.ts";
import { differences } from "../identity.ts";
import type { Ranks } from "./ranks.ts";
import type { ResolvedRun } from "../resolved-run.ts";

/** @throws ConfigurationError on all ranks when run file, version, backend, arithmetic asked for, or the links to start from differ. */
export function expectAgreement(ranks: Ranks, run: ResolvedRun, engine: LatticeOptions): void {
  if (!ranks.several) return;
  const { command, configuration, base } = run;
  const first = ranks.tell({ command, configuration });
  const [different] = differences(first, { command, configuration });
  const { kind, file } = configuration.start;
  ranks.expectSame({
    version: packageVersion(),
    // the same text where nothing differs
    "run file": different === undefined ? run.hash.slice(0, 12) : `${run.hash.slice(0, 12)} (${different.replace(" before, ", " on rank 0, ").replace(/ now$/, " here")})`,
    backend: engine.backend ?? "auto",
    arithmetic: engine.strict ? "multiply then add" : "fused multiply-add where there is one",
    ...(kind === "file" && file !== undefined ? { "start links": fingerprint(absolutePath(base, file)) } : {}),
  });
}

/** Contents of a file, names and sizes in a folder, as a short hash; what cannot be read has its error when it is used. */
function fingerprint(path: string): string {
  const hash = createHash("sha256");
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return "missing";
  if (found.isDirectory()) for (const name of namesIn(path).sort()) hash.update(`${name} ${statSync(join(path, name), { throwIfNoEntry: false })?.size ?? 0}\n`);
  else if (found.isFile()) contents(path, (piece) => hash.update(piece));
  return hash.digest("hex").slice(0, 12);
}

function contents(file: string, each: (piece: Uint8Array) => void): void {
  const fd = openSync(file, "r");
  try {
    const piece = Buffer.alloc(1 << 20);
    for (let n; (n = readSync(fd, piece)) > 0; ) each(piece.subarray(0, n));
  } finally {
    closeSync(fd);
  }
}
