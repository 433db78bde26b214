// Closing line "N passed, N failed" from the test report itself; fails when anything failed or nothing ran.
import { readFileSync } from "node:fs";

const [file, status] = process.argv.slice(2);
let report;
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch {
  console.log("no test report was written");
  console.log("0 passed, 1 failed");
  process.exit(1);
}
const skipped = report.numPendingTests + report.numTodoTests;
const broken = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.every((a) => a.status !== "failed"));
for (const f of broken) console.log(`${f.name}: ${f.message}`);
const failed = report.numFailedTests + broken.length + (status === "0" || report.numFailedTests + broken.length > 0 ? 0 : 1);
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed > 0 || report.numPassedTests === 0 ? 1 : 0);
