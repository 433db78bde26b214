/** The same works in JAX and PyTorch, where Python has them: `peers/*.py` get our links, and what they compute must agree with ours before their times are told. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LinkField, closedFormLinks, lattice } from "gaugegrad";
import { type Row, bounded, expectEqual } from "./harness.ts";
import { gatedStout } from "./t1-weights.ts";
import { plaquetteSum, smeared, valueAndForce } from "./works.ts";

interface Measured {
  readonly name: string;
  readonly work: string;
  readonly nsPerSite: number;
  /** Where the result is. */
  readonly file: string;
}

/** Whom the targets name, times by which ours is to be faster with WebAssembly and natively, and what must agree. */
const WORKS: Record<string, { readonly target: string; readonly peers: RegExp; readonly wasm: number; readonly native: number; expected(): Float64Array }> = {
  "plaquette force": { target: "P1t", peers: /^PyTorch/, wasm: 10, native: 20, expected: () => force(plaquetteSum) },
  "stout force": { target: "P2t", peers: /^(PyTorch|JAX)/, wasm: 25, native: 60, expected: () => force(smeared(1)) },
  "gated stout gradient": { target: "T1", peers: /^JAX/, wasm: 2, native: 2, expected: () => gatedStout({}).gradient() },
};

const joined = (parts: readonly Float64Array[]): Float64Array => Float64Array.from(parts.flatMap((p) => [...p]));
const numbers = (U: LinkField): Float64Array => joined(U.fields.map((f) => f.toArray()));
const force = (S: typeof plaquetteSum): Float64Array => joined(valueAndForce({ name: "wasm", options: {} }, [8, 8, 8, 8], 3, S).result().slice(1));

const read = (file: string): Float64Array => new Float64Array(Uint8Array.from(readFileSync(file)).buffer);

function ask(script: string, folder: string, works: readonly string[]): Measured[] {
  const run = spawnSync("python3", [fileURLToPath(new URL(`./peers/${script}`, import.meta.url)), folder, ...works], { encoding: "utf8", env: { ...process.env, OMP_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" } });
  if (run.status === 0) return JSON.parse(run.stdout) as Measured[];
  process.stderr.write(`${script}: ${run.error?.message ?? run.stderr.trim().split("\n").pop() ?? "failed"}\n`);
  return [];
}

/** How many times faster than each peer our rows of the same work are. @throws Error where a peer's numbers differ from ours. */
export function peers(rows: readonly Row[]): Row[] {
  const ours = rows.filter((r) => r.work in WORKS && (r.target === "T1" || (/^P[12]$/.test(r.target) && r.lattice === "8x8x8x8")) && (r.variant === "wasm" || r.variant === "native") && r.against !== "js" && r.against !== "seconds");
  if (ours.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-peers-"));
  try {
    const gated = gatedStout({});
    const files = { su3: numbers(closedFormLinks(lattice([8, 8, 8, 8]), 3, 0.7) as LinkField), su2: numbers(gated.U), weights: gated.weights };
    for (const [name, data] of Object.entries(files)) writeFileSync(join(folder, `${name}.bin`), data);
    const works = [...new Set(ours.map((r) => r.work))];
    const found = ["torch_peer.py", "jax_peer.py"].flatMap((script) => ask(script, folder, works));
    for (const p of found) expectEqual(`${p.name}, ${p.work}`, [WORKS[p.work]!.expected()], [read(p.file)], 1e-10);
    return ours.flatMap((r) =>
      found.filter((p) => p.work === r.work).map((p): Row => {
        const work = WORKS[r.work]!;
        const ratio = p.nsPerSite / r.nsPerSite!;
        return { target: work.target, work: r.work, lattice: r.lattice, variant: r.variant, nsPerSite: p.nsPerSite, against: `faster than ${p.name}`, ...(work.peers.test(p.name) ? bounded(ratio, ">=", r.variant === "wasm" ? work.wasm : work.native) : { ratio }) };
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
