// Closing line "N passed, N failed, N skipped" from the test reports themselves. Fails when anything failed, when a report is missing or
// empty, and when a test was skipped that needs neither a browser nor a compiler, a launcher nor a TensorFlow.js engine.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const [status, ...reports] = process.argv.slice(2);
/** Tests that may be skipped, by file, with what they need. */
const OPTIONAL = [
  [/^test\/browser\//, "a browser"],
  [/^test\/tfjs\/|docs\/gpu\.md/, "a TensorFlow.js engine"],
  [/^test\/report\/notebook/, "a notebook kernel"],
  [/^test\/ranks\//, "an MPI launcher, or Slurm"],
  [/^test\/cuda\/nvrtc/, "NVRTC"],
  [/^test\/(cuda|export)\/|^test\/compiler\/elementary|native|conformance|random|fuzz|strict/, "a C compiler"],
];
let [passed, failed, skipped] = [0, 0, 0];
const durations = [];
for (const file of reports) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    console.log(`${file}: no test report was written`);
    failed++;
    continue;
  }
  let here = 0;
  for (const { name, status: state, message, assertionResults, startTime, endTime } of report.testResults) {
    const path = relative(process.cwd(), name);
    durations.push([(endTime - startTime) / 1000, `${path} (${file})`]);
    const bad = assertionResults.filter((a) => a.status === "failed");
    if (state === "failed" && bad.length === 0) console.log(`${path}: ${message}`);
    for (const a of bad) console.log(`failed: ${path}: ${a.fullName}`);
    failed += Math.max(bad.length, state === "failed" ? 1 : 0);
    for (const a of assertionResults) {
      if (a.status === "passed") here++;
      else if (a.status !== "failed") {
        skipped++;
        const need = OPTIONAL.find(([pattern]) => pattern.test(`${path} ${a.fullName}`))?.[1];
        console.log(`skipped: ${path}: ${a.fullName} (${need ? `needs ${need}` : "needs nothing that may be absent"})`);
        if (!need) failed++;
      }
    }
  }
  if (here === 0) {
    console.log(`${file}: no test passed`);
    failed++;
  }
  passed += here;
}
for (const [seconds, where] of durations.sort(([a], [b]) => b - a).slice(0, 25)) console.log(`${seconds.toFixed(1).padStart(7)} s  ${where}`);
if (status !== "0" && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
