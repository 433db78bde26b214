/** Micro-kernels without the values that nothing uses: compilers would warn of them. */
import { type MicroKernel, operandsOf } from "../compiler/index.ts";

type Statement = MicroKernel["statements"][number];

/** Values that a statement reads itself, those of the body of a loop not among them. */
const reads = (s: Statement): readonly number[] => (s.kind === "loop" ? [s.count, ...s.initial] : operandsOf(s));

/** The statements, from the last to the first, on which `live` depends, which takes up what they read. */
function needed(statements: readonly Statement[], live: Set<number>): Statement[] {
  const kept: Statement[] = [];
  for (const s of [...statements].reverse()) {
    if (s.kind === "loop") {
      for (const v of s.next) live.add(v);
      kept.push({ ...s, body: needed(s.body, live) });
    } else if (live.has(s.id)) kept.push(s);
    else continue;
    for (const v of reads(s)) live.add(v);
  }
  return kept.reverse();
}

/** The same results. */
export const withoutDead = (m: MicroKernel): MicroKernel => ({ ...m, statements: needed(m.statements, new Set(m.results)) });
