/** The life of a computation in a folder: unit after unit, with checkpoints between them, until nothing is left or a reason to stop appears. */
import type { EventRecord } from "../records.ts";
import type { StopWatch } from "./stop.ts";

/** What happens to every computation in a folder. `position`: units done of `total`. */
export type LifeEvent = { readonly position: number; readonly total: number } & (
  | { readonly kind: "start" | "resume" | "checkpoint" }
  | { readonly kind: "warning"; readonly text: string }
  /** The last things are about to be written. */
  | { readonly kind: "stopping"; readonly reason: string }
);

/** The last event; both leave a checkpoint. */
export interface Ended {
  readonly kind: "done" | "stop";
  readonly position: number;
  readonly total: number;
  /** Why it stopped. */
  readonly reason?: string;
}

/** A computation that can be saved between two units. `E`: its events. */
export interface Work<E> {
  readonly position: number;
  readonly total: number;
  /** Position of the newest checkpoint. */
  readonly saved: number;
  /** Units between two checkpoints. */
  readonly checkpoint: number;
  readonly resumed: boolean;
  /** Nothing was left when it was opened. */
  readonly done: boolean;
  /** Events that wait, in their order. */
  take(): E[];
  /** Called once, after the line of the start. */
  begin(): void;
  /** Computes and books one unit; false when nothing is left, a reason when it was left in its middle. */
  next(stop: StopWatch): Promise<boolean | string>;
  /** Gives up a unit that is not whole: the state is that after the last whole one. */
  leave(): void;
  /** Makes everything durable, `done` says that nothing is left. Gives the seconds it took. */
  save(done?: boolean): number;
  /** Writes a line of events.jsonl. */
  event(kind: EventRecord["kind"], more: Partial<EventRecord>): void;
}

/** Goes on until the end. A caller that leaves the loop stops it with a checkpoint. `first`: what the line of the start says. */
export async function* goOn<E>(work: Work<E>, stop: StopWatch, began: number, first: Partial<EventRecord>): AsyncGenerator<E | LifeEvent, Ended, void> {
  const seconds = (): number => (performance.now() - began) / 1000;
  const at = (): { position: number; total: number } => ({ position: work.position, total: work.total });
  yield* work.take();
  if (work.done) return { kind: "done", ...at() };
  work.event(work.resumed ? "resume" : "start", first);
  work.begin();
  if (!work.resumed) work.save();
  let ended = false;
  const stopped = (reason: string): Ended => {
    ended = true;
    work.leave();
    if (work.saved !== work.position) work.save();
    work.event("stop", { text: reason, seconds: seconds() });
    return { kind: "stop", reason, ...at() };
  };
  try {
    yield { kind: work.resumed ? "resume" : "start", ...at() };
    yield* work.take();
    let [unit, save] = [0, 0];
    for (;;) {
      const reason = await stop.reason(unit + save);
      if (reason !== undefined) {
        yield { kind: "stopping", reason, ...at() };
        return stopped(reason);
      }
      const before = performance.now();
      const more = await work.next(stop);
      if (typeof more === "string") {
        yield { kind: "stopping", reason: more, ...at() };
        return stopped(more);
      }
      unit = (performance.now() - before) / 1000;
      const due = more && work.position - work.saved >= work.checkpoint;
      if (due) save = work.save();
      if (!more) break;
      yield* work.take();
      if (due) yield { kind: "checkpoint", ...at() };
    }
    work.save(true);
    ended = true;
    work.event("done", { seconds: seconds() });
    yield* work.take();
    return { kind: "done", ...at() };
  } catch (error) {
    ended = true;
    work.leave();
    work.event("failure", { text: (error as Error).message, seconds: seconds() });
    throw error;
  } finally {
    if (!ended) stopped("the caller left");
  }
}
