/** A file streams into its field: reading needs the memory of the field and of one piece, not that of the file again. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { SU, cold, lattice } from "gaugegrad";
import { writeGauge } from "../../src/io/index.ts";

const io = pathToFileURL(resolve(import.meta.dirname, "../../dist/io/index.js")).href;

/** Kilobytes of memory at the peak. Linux counts the parent's into maxRSS of its children; VmHWM begins with the program. */
const peakOf = `((status) => status ? Number(/VmHWM:\\s*(\\d+)/.exec(status)[1]) : process.resourceUsage().maxRSS)(existsSync("/proc/self/status") && readFileSync("/proc/self/status", "utf8"))`;

/** Peak memory in bytes of a process of its own that reads the file. */
function peak(file: string): number {
  const program = `import { existsSync, readFileSync } from "node:fs"; import { readGauge } from ${JSON.stringify(io)}; const r = readGauge(${JSON.stringify(file)}, { threads: 1 }); console.log(JSON.stringify([${peakOf}, r.checks.checksum]));`;
  const [kilobytes, checksum] = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" })) as [number, string];
  expect(checksum).toBe("ok");
  return 1024 * kilobytes;
}

test("reading 20^4 SU(3) takes less than one and a half times the file", () => {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-"));
  try {
    const [small, large] = [join(folder, "small"), join(folder, "large")];
    writeGauge(small, cold(lattice([4, 4, 4, 4], { threads: 1 }), SU(3)), "nersc");
    writeGauge(large, cold(lattice([20, 20, 20, 20], { threads: 1 }), SU(3)), "nersc");
    const size = statSync(large).size;
    const more = peak(large) - peak(small);
    expect(more / size).toBeGreaterThan(0.9);
    expect(more / size).toBeLessThan(1.5);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
