/** SIGTERM, SIGINT and SIGUSR1 as one abort signal, while somebody listens. A second SIGTERM or SIGINT ends the process at once; the last checkpoint of a run is whole. */
import { setTimeout } from "node:timers/promises";
import type { CliContext } from "./context.ts";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGUSR1"] as const;
/** Within so many milliseconds a second signal is the first one once more. */
const TWICE_MS = 250;

export interface Signals extends Disposable {
  /** Aborted by the first signal, with its name as the reason. */
  readonly signal: AbortSignal;
  /** To be called before the last things are written: from then on a signal ends the process, however busy it is. Launchers that pass one signal on twice get their moment. */
  settle(): Promise<void>;
}

/** Listens to signals; dispose gives them back. */
export function signals({ interrupt }: CliContext): Signals {
  const controller = new AbortController();
  let [last, at]: [string | undefined, number] = [undefined, 0];
  const take = (name: NodeJS.Signals): void => {
    if (last === undefined || last === "SIGUSR1") {
      [last, at] = [name, performance.now()];
      if (!controller.signal.aborted) controller.abort(name);
    } else if (name !== "SIGUSR1" && performance.now() - at > TWICE_MS) {
      leave();
      process.kill(process.pid, name);
    }
  };
  const leave = (): void => SIGNALS.forEach((s) => process.off(s, take));
  const interrupted = (): void => take("SIGINT");
  for (const s of SIGNALS) process.on(s, take);
  if (interrupt?.aborted) interrupted();
  interrupt?.addEventListener("abort", interrupted);
  return {
    signal: controller.signal,
    async settle() {
      if (controller.signal.aborted) await setTimeout(Math.max(0, at + TWICE_MS - performance.now()));
      leave();
    },
    [Symbol.dispose]: () => {
      leave();
      interrupt?.removeEventListener("abort", interrupted);
    },
  };
}
