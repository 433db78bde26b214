/** Progress on standard error: a bar on a terminal, plain lines elsewhere. Standard output belongs to data. */
import { createRequire } from "node:module";
import type { default as CliProgress, GenericFormatter } from "cli-progress";
import { UsageError } from "../errors.ts";
import { durationText, ellipsis, numberText, plainText } from "./text.ts";

/** Where progress goes; `process.stderr` and any test double fit. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Options of {@link progress}. */
export interface ProgressOptions {
  /** Number of steps of the whole job. */
  readonly total: number;
  readonly label: string;
  /** Steps done before, in a run that was resumed: they do not enter the time left. */
  readonly start?: number | undefined;
  /** Default `process.stderr`. */
  readonly stream?: ProgressStream | undefined;
  /** Print nothing at all. */
  readonly quiet?: boolean | undefined;
  /** Seconds between plain lines; default 5. */
  readonly everySeconds?: number | undefined;
  /** Clock in milliseconds, for tests. */
  readonly now?: (() => number) | undefined;
  /** Environment that is asked for NO_COLOR and TERM; default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** A running display. It is disposable: `using bar = progress(...)` also ends it when the job throws. */
export interface Progress extends Disposable {
  /** Reports `done` of `total` steps and what is worth seeing beside it, such as the acceptance. */
  update(done: number, info?: Readonly<Record<string, string | number>>): void;
  /** Prints the last state and ends the display; further calls do nothing. */
  stop(): void;
}

const require = createRequire(import.meta.url);

/** Starts a progress display with time left. */
export function progress(options: ProgressOptions): Progress {
  const { total, label, start = 0, stream = process.stderr, quiet = false, everySeconds = 5, now = () => performance.now(), environment = process.env } = options;
  if (stream === process.stdout) throw new UsageError("progress: got standard output, expected standard error or another stream: standard output is for data");
  if (!(total >= 0 && start >= 0)) throw new UsageError(`progress: got total ${total} and start ${start}, expected numbers >= 0`);
  if (quiet) return display(() => {}, () => {});
  const began = now();
  let [done, info] = [start, ""];
  const elapsed = (): number => (now() - began) / 1000;
  const take = (d: number, i: Readonly<Record<string, string | number>>): void => {
    done = d;
    info = Object.entries(i).map(([key, value]) => `  ${plainText(key)} ${typeof value === "number" ? numberText(value) : plainText(value)}`).join("");
  };
  const state = (): string => {
    const share = total === 0 ? 100 : Math.floor((100 * done) / total);
    const rate = (done - start) / elapsed();
    const finished = done >= total;
    const time = finished ? `  took ${durationText(elapsed())}` : rate > 0 && Number.isFinite(rate) ? `  ${durationText((total - done) / rate)} left` : "";
    return `${numberText(done, 15)}/${numberText(total, 15)}  ${share} %${time}${info}`;
  };
  const name = plainText(label);

  if (stream.isTTY === true && environment["TERM"] !== "dumb") {
    // lines need no bars
    const cliProgress = require("cli-progress") as typeof CliProgress;
    const colour = (environment["NO_COLOR"] ?? "") === "";
    const format: GenericFormatter = (barOptions, params) => {
      const columns = (stream.columns ?? 80) - 1;
      const text = state();
      const size = Math.max(0, Math.min(30, columns - name.length - text.length - 5));
      if (size < 8) return ellipsis(`${name}  ${text}`, columns);
      const drawn = cliProgress.Format.BarFormat(params.progress, { ...barOptions, barsize: size });
      return `${name}  ${colour ? `\u001B[36m${drawn}\u001B[39m` : drawn}  ${ellipsis(text, columns - name.length - size - 4)}`;
    };
    const bar = idleBar(cliProgress, { stream, format, gracefulExit: false, hideCursor: null, linewrap: null, barCompleteChar: "█", barIncompleteChar: "░", fps: 8 });
    bar.start(Math.max(total, 1), start);
    return display((d, i) => (take(d, i), bar.update(d)), () => bar.stop());
  }

  let [printed, last] = [began, ""];
  const line = (): void => {
    printed = now();
    const text = `${name}  ${state()}\n`;
    // The last step may have been printed just before the end.
    if (text !== last) stream.write(text);
    last = text;
  };
  return display(
    (d, i) => {
      take(d, i);
      if (now() - printed >= 1000 * everySeconds) line();
    },
    () => {
      if (done < total) info += `  (stopped)`;
      line();
    },
  );
}

/** A bar whose redraw timer does not keep the process alive when a job ends without stopping it. */
function idleBar({ SingleBar }: typeof CliProgress, options: CliProgress.Options): CliProgress.SingleBar {
  class IdleBar extends SingleBar {
    override render(): void {
      super.render();
      (this as unknown as { timer: NodeJS.Timeout | null }).timer?.unref();
    }
  }
  return new IdleBar(options);
}

function display(update: (done: number, info: Readonly<Record<string, string | number>>) => void, end: () => void): Progress {
  let running = true;
  const stop = (): void => {
    if (running) end();
    running = false;
  };
  return {
    update: (done, info = {}) => {
      if (running) update(done, info);
    },
    stop,
    [Symbol.dispose]: stop,
  };
}
