/** Where a run stands. */
import { type RunView, isOffline } from "#platform/runs/index";
import { only } from "./series.ts";

/** Trajectories, or epochs, done and planned. */
export function positionOf({ metrics, configuration: c, info, state }: RunView): { readonly done: number; readonly total: number } {
  const offline = info.command === "train" && isOffline(c.training);
  const lines = offline ? only(metrics, "epoch") : only(metrics, "trajectory");
  const planned = offline ? (c.training?.epochs ?? 0) : (c.sampler?.thermalisation ?? 0) + (info.command === "hmc" ? 0 : (c.training?.trajectories ?? 0)) + (info.command === "train" ? 0 : (c.sampler?.trajectories ?? 0));
  return { done: lines.length, total: state?.total ?? planned };
}

/** The last event in words. */
export function stateText({ running, events, state }: RunView): string {
  const last = events.findLast((e) => e.kind !== "warning");
  if (running) return "running";
  if (last?.kind === "failure") return `failed: ${last.text ?? "no reason is recorded"}`;
  if (last?.kind === "done" || state?.done) return "done";
  if (last?.kind === "stop") return `stopped (${last.text ?? "no reason is recorded"}); the same command resumes it`;
  return last ? "interrupted; the same command resumes it" : "not started";
}

/** Seconds of all parts of the run that ended in an orderly way. */
export function secondsOf({ events }: RunView): number {
  return events.reduce((s, e) => s + (typeof e.seconds === "number" ? e.seconds : 0), 0);
}
