/** Measuring: variants take turns, every sample follows a run of its own variant that warms the caches, and medians are compared. */
import { cpus } from "node:os";
import { performance } from "node:perf_hooks";

/** One way of doing the same work. */
export interface Variant {
  readonly name: string;
  run(): void;
}

export interface Row {
  /** P1 to P11, B1, B2, D1 to D3, G1, S1, S2, T1, X1, X2, ... */
  readonly target: string;
  readonly work: string;
  readonly lattice: string;
  readonly variant: string;
  readonly nsPerSite?: number;
  readonly gflops?: number;
  readonly bytesPerSite?: number;
  /** What the ratio compares with, and the ratio itself. */
  readonly against?: string;
  readonly ratio?: number;
  /** Bound on the ratio, where there is a target, and whether it is met. */
  readonly bound?: string;
  readonly met?: boolean;
}

const SAMPLE = 0.004;
const ROUNDS = 21;

function seconds(run: () => void, times: number): number {
  const begin = performance.now();
  for (let k = 0; k < times; k++) run();
  return (performance.now() - begin) / 1000 / times;
}

/** Median of an odd number of samples. */
export function median(x: readonly number[]): number {
  return [...x].sort((a, b) => a - b)[x.length >> 1]!;
}

/** Median seconds of one run of each variant, in the order given. */
export function measure(variants: readonly Variant[], rounds = ROUNDS): number[] {
  const times = variants.map(({ run }) => {
    // until the engine's optimising compiler has taken over
    const until = performance.now() + 250;
    let one = seconds(run, 1);
    for (let k = 0; k < 3 || performance.now() < until; k++) one = Math.min(one, seconds(run, 1));
    return Math.max(1, Math.ceil(SAMPLE / one));
  });
  const samples: number[][] = variants.map(() => []);
  for (let round = 0; round < rounds; round++)
    variants.forEach(({ run }, k) => {
      run();
      samples[k]!.push(seconds(run, times[k]!));
    });
  return samples.map(median);
}

/** Throws when two results differ by more than the tolerance, relative to the larger of 1 and the largest number. */
export function expectEqual(what: string, a: readonly Float64Array[], b: readonly Float64Array[], tolerance = 1e-11): void {
  if (a.length !== b.length) throw new Error(`${what}: got ${b.length} fields, expected ${a.length}`);
  a.forEach((x, f) => {
    const y = b[f]!;
    const size = x.reduce((m, v) => Math.max(m, Math.abs(v)), 1);
    const error = x.reduce((m, v, k) => Math.max(m, Math.abs(v - y[k]!)), x.length === y.length ? 0 : Infinity);
    if (!(error <= tolerance * size)) throw new Error(`${what}: field ${f} differs by ${error}, expected at most ${tolerance * size}: nothing is timed`);
  });
}

/** A bound as text and whether the ratio keeps it. */
export function bounded(ratio: number, relation: "<=" | ">=", bound: number): Pick<Row, "ratio" | "bound" | "met"> {
  return { ratio, bound: `${relation} ${bound}`, met: relation === "<=" ? ratio <= bound : ratio >= bound };
}

export function machine(): Record<string, string | number> {
  const list = cpus();
  return { cpu: list[0]?.model ?? "unknown", cores: list.length, node: process.version, arch: process.arch, platform: process.platform };
}

export const format = (x: number | undefined, digits = 3): string => (x === undefined ? "" : x >= 1000 ? x.toFixed(0) : x.toPrecision(digits));

/** Rows as an aligned table. */
export function table(rows: readonly Row[]): string {
  const head = ["", "work", "lattice", "variant", "ns/site", "GFLOP/s", "B/site", "ratio", "to", "target", ""];
  const lines = rows.map((r) => [r.target, r.work, r.lattice, r.variant, format(r.nsPerSite), format(r.gflops), format(r.bytesPerSite, 4), format(r.ratio), r.against ?? "", r.bound ?? "", r.met === undefined ? "" : r.met ? "met" : "missed"]);
  const width = head.map((h, k) => Math.max(h.length, ...lines.map((l) => l[k]!.length)));
  return [head, ...lines].map((l) => l.map((c, k) => (k >= 4 && k <= 7 ? c.padStart(width[k]!) : c.padEnd(width[k]!))).join("  ").trimEnd()).join("\n");
}

/** Runs a program of rows: prints its table, or JSON with `--json`. */
export async function main(program: () => Promise<Row[]> | Row[]): Promise<void> {
  const rows = await program();
  process.stdout.write(process.argv.includes("--json") ? `${JSON.stringify({ machine: machine(), rows }, null, 1)}\n` : `${JSON.stringify(machine())}\n${table(rows)}\n`);
}

/** True for the program that was started, not for one that another imports. */
export function started(url: string): boolean {
  return process.argv[1] !== undefined && url.endsWith(process.argv[1].split("/").pop()!);
}
