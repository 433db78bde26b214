import { Writable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { type ProgressOptions, type ProgressStream, durationText, numberText, progress } from "../../src/report/index.ts";
import { hostile } from "./helpers.ts";

/** A stream that keeps what is written, and a clock that is set by hand. */
function setUp(options: Partial<ProgressOptions> = {}, terminal = false) {
  let written = "";
  let time = 0;
  const sink = new Writable({ write: (chunk, _encoding, done) => ((written += String(chunk)), done()) });
  const stream = Object.assign(sink, { isTTY: terminal, columns: 100 }) as ProgressStream;
  const bar = progress({ total: 100, label: "HMC", stream, now: () => time, environment: {}, ...options });
  return { bar, stream, written: () => written, lines: () => written.split("\n").slice(0, -1), tick: (seconds: number) => (time += 1000 * seconds) };
}

describe("progress without a terminal", () => {
  it("writes a plain line every few seconds and one at the end", () => {
    const { bar, lines, tick } = setUp({ everySeconds: 5 });
    for (let i = 1; i <= 100; i++) {
      tick(0.2);
      bar.update(i, { acceptance: 0.8125, plaquette: 0.70691234 });
    }
    bar.stop();
    expect(lines()).toEqual([
      "HMC  25/100  25 %  15 s left  acceptance 0.8125  plaquette 0.706912",
      "HMC  50/100  50 %  10 s left  acceptance 0.8125  plaquette 0.706912",
      "HMC  75/100  75 %  5.0 s left  acceptance 0.8125  plaquette 0.706912",
      "HMC  100/100  100 %  took 20 s  acceptance 0.8125  plaquette 0.706912",
    ]);
    expect(lines().join("")).not.toMatch(/\p{Cc}/u);
  });
  it("counts only the steps of this process for the time left", () => {
    const { bar, lines, tick } = setUp({ start: 50 });
    tick(10);
    bar.update(60);
    expect(lines()).toEqual(["HMC  60/100  60 %  40 s left"]);
  });
  it("says that a job ended early, and nothing after the end", () => {
    const { bar, lines, tick } = setUp();
    bar.update(40, { note: "x" });
    bar.stop();
    bar.stop();
    tick(100);
    bar.update(41);
    expect(lines()).toEqual(["HMC  40/100  40 %  note x  (stopped)"]);
  });
  it("ends when it is disposed", () => {
    const { bar, lines } = setUp({ total: 0 });
    bar[Symbol.dispose]();
    expect(lines()).toEqual(["HMC  0/0  100 %  took 0.0 s"]);
  });
  it("keeps control characters off the stream", () => {
    const { bar, written } = setUp({ label: hostile });
    bar.update(1, { [hostile]: hostile });
    bar.stop();
    expect(written().replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202E]/u);
    expect(written().match(/\n/g)).toHaveLength(1);
  });
  it("is silent when asked, on a terminal too, and never touches standard output", () => {
    const out = vi.spyOn(process.stdout, "write");
    for (const terminal of [false, true]) {
      const { bar, written } = setUp({ quiet: true }, terminal);
      bar.update(10);
      bar.stop();
      expect(written()).toBe("");
    }
    expect(out).not.toHaveBeenCalled();
    out.mockRestore();
    expect(() => progress({ total: 1, label: "x", stream: process.stdout })).toThrow("standard output is for data");
    expect(() => progress({ total: -1, label: "x" })).toThrow("got total -1");
  });
});

describe("progress on a terminal", () => {
  it("draws a bar with the state beside it, in colour unless NO_COLOR is set", () => {
    for (const [environment, colour] of [[{}, true], [{ NO_COLOR: "1" }, false]] as const) {
      const { bar, written, tick } = setUp({ environment }, true);
      tick(10);
      bar.update(50, { acceptance: 0.8 });
      bar.stop();
      expect(written()).toMatch(/HMC {2}.*█+░+.* {2}50\/100 {2}50 % {2}10 s left {2}acceptance 0.8/);
      expect(written().includes("\u001B[36m")).toBe(colour);
      expect(written().endsWith("\n")).toBe(true);
    }
  });
  it("fits a narrow terminal", () => {
    const { bar, stream, written } = setUp({ environment: { NO_COLOR: "1" } }, true);
    Object.assign(stream, { columns: 30 });
    bar.update(50, { acceptance: 0.8, plaquette: 0.7, residual: 1e-12 });
    bar.stop();
    // eslint-disable-next-line no-control-regex
    const last = written().split(/\u001B\[[\d;?]*[A-Za-z]|\u001B[78]|\n/).filter((s) => s.includes("50/100")).at(-1)!;
    expect([...last].length).toBeLessThan(30);
  });
  it("leaves no handlers for signals, which belong to the run", () => {
    const before = process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
    const { bar } = setUp({}, true);
    expect(process.listenerCount("SIGINT") + process.listenerCount("SIGTERM")).toBe(before);
    bar.stop();
  });
  it("writes plain lines to a dumb terminal", () => {
    const { bar, written } = setUp({ environment: { TERM: "dumb" } }, true);
    bar.stop();
    expect(written()).not.toContain("\u001B");
  });
});

it("numbers and durations read well", () => {
  expect([0, 1.5, -2, 123456, 1234567, 1e-5, -2.5e-12, Number.NaN, -Infinity].map((v) => numberText(v))).toEqual(["0", "1.5", "−2", "123456", "1.23457×10⁶", "1×10⁻⁵", "−2.5×10⁻¹²", "NaN", "−∞"]);
  expect([0.04, 9.96, 59.6, 185, 7380, 370_000, Number.NaN].map(durationText)).toEqual(["0.0 s", "10 s", "1 min 00 s", "3 min 05 s", "2 h 03 min", "4 d 06 h", "unknown"]);
});
