/** The same works in JAX and PyTorch, where Python has them: `peers/*.py` print nanoseconds a site as JSON. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Row, bounded } from "./harness.ts";

interface Measured {
  readonly name: string;
  readonly work: "plaquette force" | "stout force";
  readonly nsPerSite: number;
}

function ask(script: string): Measured[] {
  const run = spawnSync("python3", [fileURLToPath(new URL(`./peers/${script}`, import.meta.url))], { encoding: "utf8", env: { ...process.env, OMP_NUM_THREADS: "1" } });
  if (run.status !== 0) {
    process.stderr.write(`${script}: ${run.error?.message ?? run.stderr.trim().split("\n").pop() ?? "failed"}\n`);
    return [];
  }
  return JSON.parse(run.stdout) as Measured[];
}

/** How many times faster than each peer our rows of the same work at 8^4 are. */
export function peers(rows: readonly Row[]): Row[] {
  const ours = rows.filter((r) => r.lattice === "8x8x8x8" && (r.target === "P1" || r.target === "P2") && (r.variant === "wasm" || r.variant === "native") && r.against !== "js");
  if (ours.length === 0) return [];
  return ["torch_peer.py", "jax_peer.py"].flatMap(ask).flatMap((p) =>
    ours
      .filter((r) => r.work === p.work)
      .map((r): Row => ({ target: r.target, work: r.work, lattice: r.lattice, variant: r.variant, nsPerSite: p.nsPerSite, against: `faster than ${p.name}`, ...bounded(p.nsPerSite / r.nsPerSite!, ">=", r.target === "P1" ? 10 : r.variant === "wasm" ? 20 : 50) })),
  );
}
