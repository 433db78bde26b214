/** Progress on the console of a page: a line every few seconds. The names of `terminal.node.ts`. */
import type { Progress, ProgressOptions } from "./terminal.node.ts";

export type { Progress, ProgressOptions, ProgressStream } from "./terminal.node.ts";

/** Starts a progress display. */
export function progress({ total, label, quiet = false, everySeconds = 5, now = () => performance.now() }: ProgressOptions): Progress {
  let printed = now();
  let running = !quiet;
  const stop = (): void => void (running = false);
  return {
    update(done, info = {}) {
      if (!running || now() - printed < 1000 * everySeconds) return;
      printed = now();
      console.info([`${label}  ${done}/${total}`, ...Object.entries(info).map(([key, value]) => `${key} ${value}`)].join("  "));
    },
    stop,
    [Symbol.dispose]: stop,
  };
}
