/** The samples of a batch held against what each of them is alone. */
import type { FuzzBackend } from "./backends.ts";
import { type FuzzProgram, base } from "./program.ts";
import { type Recorded, common, recorded, runOn } from "./record.ts";
import { type Reference, worst } from "./rounding.ts";

/** Which outputs depend on a sum over samples, by the statements. */
function meeting(p: FuzzProgram): boolean[] {
  const met = new Set<string>();
  for (const s of p.statements) if (s.op === "batchSum" || s.args.some((a) => met.has(base(a)))) met.add(s.name);
  return p.outputs.map((o) => met.has(base(o)));
}

/**
 * Where a sample has other bits than it has alone (numbers that differ by more than rounding, for derivatives where samples share some), or a derivative by what samples share is not the sum of those of the samples alone; undefined where there is
 * no such place. Outputs that depend on a sum over samples have nothing to be compared with.
 */
export function firstDifferent(p: FuzzProgram, { program, inputs, shared }: Recorded, b: FuzzBackend, got: readonly Float64Array[], { spread }: Reference): string | undefined {
  const met = meeting(p);
  const derivative = p.mode !== "value" && p.mode !== "jvp";
  if (derivative ? met.some(Boolean) : met.every(Boolean)) return undefined;
  // derivatives by what samples share are summed in another order
  const bits = p.mode === "value" || !program.inputs.some((id) => common(program.nodes[id]!.type));
  const { batch: count = 1, ...one } = p;
  const alone = recorded(one);
  const part = (x: Float64Array, id: number, s: number): Float64Array => (common(program.nodes[id]!.type) ? x : x.slice((s * x.length) / count, ((s + 1) * x.length) / count));
  const samples = Array.from({ length: count }, (_, s) => s);
  const want = runOn(b.engine(p.extents), alone.program, samples.map((s) => inputs.map((x, k) => part(x, program.inputs[k]!, s))), p.inPlace);
  for (const [j, id] of program.outputs.entries()) {
    if (!derivative && met[j]) continue;
    if (derivative && common(program.nodes[id]!.type) && !shared.every(Boolean)) {
      // where some outputs are shared and some are not, the shared ones count once
      if (shared.some(Boolean)) continue;
      const sum = want[0]![j]!.map((_, k) => want.reduce((t, w) => t + w[j]![k]!, 0));
      const { excess, text } = worst([got[j]!], { values: [sum], spread: [spread[j]!] }, b.roundoff);
      if (excess >= 1) return `derivative ${j} by what samples share, ${text}, the sum over the samples`;
      continue;
    }
    for (const s of samples) {
      const [g, w] = [part(got[j]!, id, s), want[s]![j]!];
      if (!bits) {
        const { excess, text } = worst([g], { values: [w], spread: [spread[j]!] }, b.roundoff);
        if (excess >= 1) return `sample ${s}, ${text}, what it is without the others`;
        continue;
      }
      const at = w.findIndex((x, k) => x !== g[k]);
      if (at >= 0) return `output ${j} of sample ${s}, number ${at}: got ${g[at]}, expected ${w[at]}, what it is without the others`;
    }
  }
  return undefined;
}
