/** How many processors the ranks of a machine have together. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { processors } from "#platform/backend/host";

/** The list of processors that a process may use, "0-3,8", from its status file; empty where there is none. */
export function affinity(status = "/proc/self/status"): string {
  try {
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(status, "utf8"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/**
 * Processors that all processes here share: those of the machine, or of the container around them, which its first process may use whatever a launcher
 * has bound this one to.
 */
export function sharedProcessors(first = affinity("/proc/1/status")): number {
  const all = cpus().length;
  if (first === "") return all;
  const counts = first.split(",").map((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return to - from + 1;
  });
  // a list may name processors that are not there
  return Math.max(processors(), Math.min(all, counts.reduce((s, n) => s + n, 0)));
}
