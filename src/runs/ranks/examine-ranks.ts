/** What `gaugegrad doctor` finds out about several ranks: library, launcher, binding, threads, times of messages, and whether traps are still exceptions. */
import { hostname } from "node:os";
import { type Comm, type Message, Wasm, affinity, processors, sharedProcessors } from "../../backend/index.ts";
import { launcherOf } from "../../util/index.ts";

/** One line of the report. */
export interface RankFinding {
  readonly name: string;
  readonly present: boolean;
  readonly detail: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Threads of one of several ranks: the processors that it is bound to, or its share of the machine. */
export function threadsOfRank(environment: Environment): number {
  const own = processors();
  return own < sharedProcessors() ? own : Math.max(1, Math.floor(own / (launcherOf(environment)?.local ?? 1)));
}

/** What is wrong with so many threads a rank; undefined when nothing is, or without a launcher. */
export function threadsProblem(threads: number, environment: Environment): string | undefined {
  const { local = 1, size = 1 } = launcherOf(environment) ?? {};
  if (size === 1 || threads === 1) return undefined;
  if (threads > processors()) return `--threads: got ${threads} on a rank that is bound to ${processors()} of ${sharedProcessors()} processors, expected at most ${processors()}: start with --bind-to none or --map-by slot:PE=${threads}, or use fewer threads`;
  if (threads * local > sharedProcessors()) return `--threads: got ${threads} on ${local} ranks, expected at most ${Math.max(1, Math.floor(sharedProcessors() / local))} on ${sharedProcessors()} processors: ranks and threads wait for each other`;
  return undefined;
}

/** Bytes of a message, how often it goes there and back. */
const MESSAGES = [[8, 400], [1 << 20, 20]] as const;
/** Tries, of which the fastest counts. */
const TRIES = 5;

/** Texts of all ranks, in order. Collective. */
function told(comm: Comm, text: string): string[] {
  const own = new TextEncoder().encode(text);
  const length = Float64Array.of(own.length);
  comm.max(length);
  return Array.from({ length: comm.size }, (_, root) => {
    const bytes = new Uint8Array(length[0]!);
    if (comm.rank === root) bytes.set(own);
    comm.broadcast(bytes, root);
    return new TextDecoder().decode(bytes).replace(/\0+$/, "");
  });
}

/** "ranks 0, 1: text" for each text that ranks have. */
function grouped(texts: readonly string[]): string {
  const of = new Map<string, number[]>();
  texts.forEach((text, rank) => of.set(text, [...(of.get(text) ?? []), rank]));
  return [...of].map(([text, ranks]) => `rank${ranks.length > 1 ? "s" : ""} ${ranks.join(", ")}: ${text}`).join("; ");
}

/** Microseconds of a message one way, between neighbours of even and odd rank; the slowest pair. Collective. */
function oneWay(comm: Comm, bytes: number, times: number): number {
  const partner = comm.rank ^ 1;
  const other = partner < comm.size ? partner : comm.rank;
  const count = bytes / 8;
  const messages: Message[] = [{ to: other, from: other, send: new Float64Array(count), receive: new Float64Array(count), count }];
  let best = Number.POSITIVE_INFINITY;
  for (let t = 0; t < TRIES; t++) {
    comm.barrier();
    const begin = performance.now();
    for (let k = 0; k < times; k++) comm.exchange(messages);
    best = Math.min(best, performance.now() - begin);
  }
  const slowest = Float64Array.of((1000 * best) / times);
  comm.max(slowest);
  return slowest[0]!;
}

/** (memory 1) (func (export "f") (drop (i32.load (i32.const -4)))) */
const BEYOND = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 10, 1, 8, 0, 0x41, 0x7c, 0x28, 2, 0, 0x1a, 0x0b]);

/** A load beyond the memory is an exception of the engine; a library that takes its signal would end the process instead. */
function trapThrows(): boolean {
  try {
    new Wasm.Instance(new Wasm.Module(BEYOND), {}).exports["f"]!();
    return false;
  } catch {
    return true;
  }
}

/** The findings on every rank, those of all in the texts. Collective. */
export function examineRanks(comm: Comm, environment: Environment): RankFinding[] {
  const launcher = launcherOf(environment);
  const here = told(comm, hostname());
  const own = threadsOfRank(environment);
  const most = Math.max(...here.map((host) => here.filter((h) => h === host).length));
  const allowed = told(comm, `${hostname()}, processors ${affinity() || "not known"}`);
  const threads = told(comm, `${own} thread${own === 1 ? "" : "s"} by default on ${processors()} of ${sharedProcessors()} processors`);
  const crowded = most > sharedProcessors();
  const times = MESSAGES.map(([bytes, n]) => `${bytes === 8 ? "8 B" : "1 MB"} ${oneWay(comm, bytes, n).toPrecision(3)} us`);
  const ways = told(comm, comm.near > 1 ? `memory in common with ${comm.near - 1} other${comm.near > 2 ? "s" : ""}` : "all through the library");
  const traps = told(comm, trapThrows() ? "a WebAssembly trap is an exception" : "a WebAssembly trap is not seen: export UCX_ERROR_SIGNALS= in the job script");
  return [
    { name: "library", present: true, detail: comm.name },
    { name: "launcher", present: launcher !== undefined && (launcher.size === 0 || launcher.size === comm.size), detail: launcher ? `${launcher.name} started ${launcher.size || "several"} processes, the library knows ${comm.size}` : "none" },
    { name: "binding", present: true, detail: grouped(allowed) },
    { name: "threads", present: !crowded, detail: `${grouped(threads)}${crowded ? `; ${most} ranks share ${sharedProcessors()} processors: each waits for the others, start fewer` : ""}` },
    { name: "messages", present: true, detail: `there and back at once between neighbours: ${times.join(", ")}; ${grouped(ways)}` },
    { name: "traps", present: traps.every((t) => t.endsWith("exception")), detail: grouped(traps) },
  ];
}
