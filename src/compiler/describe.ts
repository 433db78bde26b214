/** The text of a compiled program: its steps, and for each kernel its cost and its instructions. */
import type { Argument, Schedule } from "./ir.ts";
import { type KernelPlan, atHome } from "./kernels.ts";
import { solveText } from "./solve/solvers.ts";

/** What is known of a compiled program besides its schedule. */
export interface Described {
  readonly realBytes: number;
  readonly arenaBytes: number;
  plan(step: number): KernelPlan | undefined;
  /** The text of a loop. */
  loop(step: number): string;
  /** Nanoseconds per site, where they were kept. */
  time(step: number): number | undefined;
}

function operand(a: Argument): string {
  const name = a.kind === "slot" ? `s${a.slot}` : a.kind === "scalar" ? `c${a.buffer}` : `f${a.buffer}${atHome(a.displacement) ? "" : `(${a.displacement.join(",")})`}`;
  return a.dagger ? `${name}^+` : name;
}

/** One step after the other. */
export function describeProgram({ steps }: Schedule, { realBytes, arenaBytes, plan: planOf, loop, time }: Described): string {
  const lines: string[] = [];
  for (const [s, step] of steps.entries()) {
    const plan = planOf(s);
    if (!plan) {
      if (step.kind === "dense") lines.push(`dense matrices: ${step.factors.length === 1 ? "determinant" : `product of ${step.factors.length}`}, ${step.outputs.filter((o) => o.gradient).length} derivatives`);
      else if (step.kind === "loop") lines.push(`loop of ${step.count} steps${step.back ? `, backwards from ${step.checkpoints} checkpoints` : ""}:`, ...loop(s).split("\n").map((line) => `  ${line}`));
      else if (step.kind === "samples") lines.push("sum over the samples of a batch");
      else if (step.kind === "contraction") lines.push(`${step.op.name}: loops over the numbers of a tensor`);
      else lines.push(step.kind === "solve" ? solveText(step) : "zero one parity");
      continue;
    }
    const took = time(s);
    lines.push(
      `kernel on ${plan.step.domain}: ${plan.step.instructions.length} instructions, ${plan.flops} flop, ${realBytes * plan.loads} B loaded, ${realBytes * plan.stores} B stored per site, ${plan.step.reductions.length} sums${took === undefined ? "" : `, ${took.toFixed(1)} ns per site`}`,
    );
    plan.step.instructions.forEach((ins, k) => {
      const target = ins.target.kind === "slot" ? `s${ins.target.slot}` : `f${ins.target.buffer}`;
      lines.push(`  ${target} = ${plan.micro[k]!.name.replace(/\(.*/, "")}(${ins.args.map(operand).join(", ")})`);
    });
  }
  lines.push(`arena: ${arenaBytes} bytes`);
  return lines.join("\n");
}
