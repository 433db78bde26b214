/** Ranks as processes that a launcher started, on the site's MPI library. Calls are synchronous: asynchronous ones would cost more than the messages. */
import { BackendError } from "../../../errors.ts";
import type { Comm, Ending, Message } from "../comm.ts";
import { type Interface, type Word, interfaceOf } from "./abi.ts";
import type { Foreign, MpiLibrary } from "./abi.ts";

/** Bytes of one broadcast: counts are 32-bit. */
const PIECE = 1 << 28;
/** Most messages of one exchange. */
const MESSAGES = 256;
const TAG = 4711;
/** Milliseconds between two looks for the others at the end. */
const LOOK = 5;
/** Looks for the end of a call before a rank sleeps between them: ranks that share a core must leave it to each other. Milliseconds of that sleep. */
const [SPIN, SLEEP] = [200, 0.05];
const bed = new Int32Array(new SharedArrayBuffer(4));

/** Is told when a call begins and ends: a watchdog ends a rank that waits too long in one. */
export interface Heartbeat {
  begin(): void;
  end(): void;
}

type Names = "Init_thread" | "Comm_rank" | "Comm_size" | "Comm_set_errhandler" | "Comm_dup" | "Comm_split" | "Iallreduce" | "Ibcast" | "Ibarrier" | "Isend" | "Irecv" | "Testall" | "Abort" | "Finalize" | "Error_string";

/** The functions of a library, by their names without MPI_. */
function functionsOf(library: MpiLibrary, H: Interface["handle"]): Readonly<Record<Names, Foreign>> {
  const arguments_: Readonly<Record<Names, string>> = {
    Init_thread: "void* c, void* v, int required, void* provided",
    Comm_rank: `${H} comm, void* rank`,
    Comm_size: `${H} comm, void* size`,
    Comm_set_errhandler: `${H} comm, ${H} handler`,
    Comm_dup: `${H} comm, void* made`,
    Comm_split: `${H} comm, int color, int key, void* made`,
    Iallreduce: `void* send, void* receive, int count, ${H} type, ${H} op, ${H} comm, void* request`,
    Ibcast: `void* data, int count, ${H} type, int root, ${H} comm, void* request`,
    Ibarrier: `${H} comm, void* request`,
    Isend: `void* data, int count, ${H} type, int to, int tag, ${H} comm, void* request`,
    Irecv: `void* data, int count, ${H} type, int from, int tag, ${H} comm, void* request`,
    Testall: "int count, void* requests, void* flag, void* statuses",
    Abort: `${H} comm, int code`,
    Finalize: "",
    Error_string: "int code, void* text, void* length",
  };
  return Object.fromEntries(Object.entries(arguments_).map(([name, list]) => [name, library.func(`int MPI_${name}(${list})`)])) as Record<Names, Foreign>;
}

/** What all groups of a process share. */
interface Process {
  readonly abi: Interface;
  readonly call: Readonly<Record<Names, Foreign>>;
  readonly heartbeat: Heartbeat;
  readonly name: string;
  /** Set when the library must not be called any more. */
  ended: boolean;
}

class MpiComm implements Comm {
  readonly name: string;
  readonly rank: number;
  readonly size: number;
  readonly #process: Process;
  readonly #comm: Word;
  /** A second group for what is said at the end: its calls cannot be taken for others. */
  readonly #control: Word | undefined;
  readonly #requests: Uint8Array;
  readonly #flag = new Int32Array(1);
  /** What `leave` sends and receives: the library has the addresses while this process goes on. */
  readonly #mine = new Float64Array(2);
  readonly #all = new Float64Array(2);

  constructor(process_: Process, comm: Word, control: boolean) {
    this.#process = process_;
    this.#comm = comm;
    this.name = process_.name;
    this.#check("Comm_set_errhandler", comm, process_.abi.errorsReturn);
    const n = new Int32Array(1);
    this.#check("Comm_rank", comm, n);
    this.rank = n[0]!;
    this.#check("Comm_size", comm, n);
    this.size = n[0]!;
    this.#control = control ? this.#made("Comm_dup") : undefined;
    this.#requests = new Uint8Array(2 * MESSAGES * process_.abi.handleBytes);
  }

  /** @throws BackendError with the library's words. */
  #check(name: Names, ...args: Parameters<Foreign>): void {
    const { call } = this.#process;
    if (this.#process.ended) throw new BackendError(`MPI_${name}: got a call after the end, expected none`);
    const code = call[name](...args);
    if (code === 0) return;
    const text = new Uint8Array(1024);
    const length = new Int32Array(1);
    call.Error_string(code, text, length);
    throw new BackendError(`MPI_${name}: ${new TextDecoder().decode(text.subarray(0, length[0]))} on rank ${this.rank} of ${this.size}: another rank has ended or the network failed: start the same command again`);
  }

  /** The new group that a call writes. */
  #made(name: "Comm_dup" | "Comm_split", ...args: Word[]): Word {
    const { handleBytes } = this.#process.abi;
    const handle = new Uint8Array(handleBytes);
    this.#check(name, this.#comm, ...args, handle);
    const view = new DataView(handle.buffer);
    return handleBytes === 4 ? view.getInt32(0, true) : view.getBigUint64(0, true);
  }

  /** Waits for the first n requests. */
  #wait(n: number): void {
    const { heartbeat } = this.#process;
    heartbeat.begin();
    for (let looks = 0; !this.#tested(n); looks++) if (looks >= SPIN) Atomics.wait(bed, 0, 0, SLEEP);
    heartbeat.end();
  }

  #tested(n: number): boolean {
    this.#check("Testall", n, this.#requests, this.#flag, this.#process.abi.ignoreStatuses);
    return this.#flag[0] !== 0;
  }

  #reduce(x: Float64Array, op: Word): void {
    const { abi } = this.#process;
    this.#check("Iallreduce", abi.inPlace, x, x.length, abi.double, op, this.#comm, this.#requests);
    this.#wait(1);
  }

  sum(x: Float64Array): void {
    this.#reduce(x, this.#process.abi.sum);
  }

  max(x: Float64Array): void {
    this.#reduce(x, this.#process.abi.max);
  }

  broadcast(bytes: Uint8Array, root: number): void {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, Math.min(bytes.length, at + PIECE));
      this.#check("Ibcast", piece, piece.length, this.#process.abi.byte, root, this.#comm, this.#requests);
      this.#wait(1);
    }
  }

  barrier(): void {
    this.#check("Ibarrier", this.#comm, this.#requests);
    this.#wait(1);
  }

  exchange(messages: readonly Message[]): void {
    const { abi } = this.#process;
    if (messages.length > MESSAGES) throw new BackendError(`MPI: got ${messages.length} messages at once, expected at most ${MESSAGES}`);
    let n = 0;
    const request = (): Uint8Array => this.#requests.subarray(abi.handleBytes * n++);
    messages.forEach((m, k) => m.count > 0 && this.#check("Irecv", m.receive, m.count, abi.double, m.from, TAG + k, this.#comm, request()));
    messages.forEach((m, k) => m.count > 0 && this.#check("Isend", m.send, m.count, abi.double, m.to, TAG + k, this.#comm, request()));
    if (n > 0) this.#wait(n);
  }

  split(color: number): Comm {
    return new MpiComm(this.#process, this.#made("Comm_split", color, this.rank), false);
  }

  async leave(code: number, patience: number): Promise<Ending | undefined> {
    const { abi } = this.#process;
    const failed = code !== 0 && code !== 75;
    const all = this.#all;
    this.#mine.set([failed ? this.size - this.rank : 0, code === 75 ? 1 : 0]);
    this.#check("Iallreduce", this.#mine, all, 2, abi.double, abi.max, this.#control!, this.#requests);
    const begin = performance.now();
    while (!this.#tested(1)) {
      if (performance.now() - begin > 1000 * patience) return undefined;
      await new Promise((done) => setTimeout(done, LOOK));
    }
    const speaker = all[0]! > 0 ? this.size - all[0]! : 0;
    const agreed = new Uint8Array([all[0]! > 0 ? code : all[1]! > 0 ? 75 : 0]);
    this.#check("Ibcast", agreed, 1, abi.byte, speaker, this.#control!, this.#requests);
    this.#wait(1);
    return { code: agreed[0]!, speaker };
  }

  abort(code: number): never {
    if (!this.#process.ended) this.#process.call.Abort(this.#process.abi.world, code);
    process.exit(code);
  }

  close(): void {
    if (this.#process.ended) return;
    this.#check("Finalize");
    this.#process.ended = true;
  }
}

/** The group of all ranks. @throws BackendError when the library cannot begin. */
export function mpiComm(library: MpiLibrary, heartbeat: Heartbeat): Comm {
  const abi = interfaceOf(library.interface, library);
  const call = functionsOf(library, abi.handle);
  const code = call.Init_thread(null, null, abi.funneled, new Int32Array(1));
  if (code !== 0) throw new BackendError(`MPI_Init_thread: ${library.version} (${library.file}) ended with code ${code}, expected a launcher that it knows`);
  return new MpiComm({ abi, call, heartbeat, name: `${library.version} (${library.file}, interface ${library.interface})`, ended: false }, abi.world, true);
}
