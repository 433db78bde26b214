/** M1: memory of SU(3) HMC on 32^3 x 64 as a dry run of the command line counts it, in GiB; a run that is refused has no number beside what its message says. A count, not a measurement. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Row, bounded, main, started } from "./harness.ts";
import { backends } from "./works.ts";

const FILE = `group = "SU(3)"
lattice.extents = [32, 32, 32, 64]
action = { kind = "wilson", beta = 6.0 }
sampler = { trajectories = 1, steps = 10 }
`;

export function rows(): Row[] {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-m1-"));
  const file = join(folder, "run.toml");
  writeFileSync(file, FILE);
  try {
    return backends(1).filter((b) => b.name !== "js").map(({ name }): Row => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)), "hmc", file, "--dry-run", "--json", "--threads", "1", "--backend", name], { encoding: "utf8" });
      const row = { target: "M1", work: "memory of SU(3) HMC, GiB", lattice: "32x32x32x64", variant: name };
      if (status !== 0) {
        process.stderr.write(stderr);
        return { ...row, against: "refused", bound: "<= 24", met: false };
      }
      const { processBytes } = (JSON.parse(stdout) as { readonly estimate: { readonly processBytes: number } }).estimate;
      return { ...row, bytesPerSite: processBytes / (32 ** 3 * 64), against: "GiB", ...bounded(processBytes / 2 ** 30, "<=", 24) };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (started(import.meta.url)) await main(rows);
