/** Ranks as processes that a launcher started, on the site's MPI library. Calls are synchronous: asynchronous ones would cost more than the messages. */
import { BackendError } from "../../../errors.ts";
import type { Comm, CommonMemory, Ending, ExchangeWork, Message } from "../comm.ts";
import type { NearRanks } from "../near.ts";
import { type Heartbeat, Waiting, sleep } from "../waiting.ts";
import { type Interface, type Word, interfaceOf } from "./abi.ts";
import type { Foreign, MpiLibrary } from "./abi.ts";
import { shareMemory } from "./shared-file.ts";

/** Bytes of one broadcast: counts are 32-bit. */
const PIECE = 1 << 28;
/** Most messages of one exchange. */
const MESSAGES = 256;
const TAG = 4711;
/** Milliseconds between two looks for the others at the end. */
const LOOK = 5;
/** Milliseconds in which a launcher passes on what a rank has written. */
const PASSED_ON = 200;
type Names = "Init_thread" | "Comm_rank" | "Comm_size" | "Comm_set_errhandler" | "Comm_dup" | "Comm_split" | "Comm_split_type" | "Iallreduce" | "Ibcast" | "Ibarrier" | "Isend" | "Irecv" | "Testall" | "Iprobe" | "Abort" | "Finalize" | "Error_string";

/** The functions of a library, by their names without MPI_. */
function functionsOf(library: MpiLibrary, H: Interface["handle"]): Readonly<Record<Names, Foreign>> {
  const arguments_: Readonly<Record<Names, string>> = {
    Init_thread: "void* c, void* v, int required, void* provided",
    Comm_rank: `${H} comm, void* rank`,
    Comm_size: `${H} comm, void* size`,
    Comm_set_errhandler: `${H} comm, ${H} handler`,
    Comm_dup: `${H} comm, void* made`,
    Comm_split: `${H} comm, int color, int key, void* made`,
    Comm_split_type: `${H} comm, int type, int key, ${H} info, void* made`,
    Iallreduce: `void* send, void* receive, int count, ${H} type, ${H} op, ${H} comm, void* request`,
    Ibcast: `void* data, int count, ${H} type, int root, ${H} comm, void* request`,
    Ibarrier: `${H} comm, void* request`,
    Isend: `void* data, int count, ${H} type, int to, int tag, ${H} comm, void* request`,
    Irecv: `void* data, int count, ${H} type, int from, int tag, ${H} comm, void* request`,
    Testall: "int count, void* requests, void* flag, void* statuses",
    Iprobe: `int from, int tag, ${H} comm, void* flag, void* status`,
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
  readonly waiting: Waiting;
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
  readonly #places: Uint8Array[] = [];
  readonly #flag = new Int32Array(1);
  /** What `leave` sends and receives: the library has the addresses while this process goes on. */
  readonly #mine = new Float64Array(2);
  readonly #all = new Float64Array(2);
  /** What the library reads or writes until the call under way is over: the collector must not take it when the caller has no more use for it. */
  readonly #held: unknown[] = [undefined];
  /** Ranks of this machine, to which the way is shorter than through the library; only of the group of all. */
  #near: NearRanks | undefined;

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

  /** From here on messages to ranks of this machine go through shared memory, if all of them want it and have it. */
  share(map: MpiLibrary["map"], wanted: boolean): void {
    const { abi, waiting } = this.#process;
    const node = new MpiComm(this.#process, this.#made("Comm_split_type", abi.typeShared, this.rank, abi.noInfo), false);
    const whole = node.size === this.size;
    // a message to another machine may be on its way only while the library is looked at
    const until = (done: () => boolean): void => waiting.until(whole ? done : () => done() || this.#probed());
    this.#near = shareMemory(this, node, { map, wanted, until });
  }

  get near(): number {
    return this.#near?.size ?? 1;
  }

  get common(): CommonMemory | undefined {
    const near = this.#near;
    return near && near.size === this.size ? { ...near.memory, ...this.#process.waiting.ways } : undefined;
  }

  /** Lets the library go on. */
  #probed(): false {
    const { abi, call } = this.#process;
    this.#expect("Iprobe", call.Iprobe(this.rank, TAG, this.#comm, this.#flag, abi.ignoreStatuses));
    return false;
  }

  /** The near ranks, when they are all, and have room for what all are told. */
  #board(numbers: number): NearRanks | undefined {
    const near = this.#near;
    return near && near.size === this.size && near.fits(numbers) ? near : undefined;
  }

  /** A call that is not made often. @throws BackendError with the library's words. */
  #check(name: Names, ...args: Parameters<Foreign>): void {
    this.#open(name);
    this.#expect(name, this.#process.call[name](...args));
  }

  #open(name: Names): void {
    if (this.#process.ended) throw new BackendError(`MPI_${name}: got a call after the end, expected none`);
  }

  /** @throws BackendError with the library's words for another code than that of success. */
  #expect(name: Names, code: number): void {
    if (code === 0) return;
    const text = new Uint8Array(1024);
    const length = new Int32Array(1);
    this.#process.call.Error_string(code, text, length);
    throw new BackendError(`MPI_${name}: ${new TextDecoder().decode(text.subarray(0, length[0]))} on rank ${this.rank} of ${this.size}: another rank has ended or the network failed: start the same command again`);
  }

  /** The new group that a call writes. */
  #made(name: "Comm_dup" | "Comm_split" | "Comm_split_type", ...args: Word[]): Word {
    const { handleBytes } = this.#process.abi;
    const handle = new Uint8Array(handleBytes);
    this.#check(name, this.#comm, ...args, handle);
    const view = new DataView(handle.buffer);
    return handleBytes === 4 ? view.getInt32(0, true) : view.getBigUint64(0, true);
  }

  /** Waits for the first n requests; `memory`: what they read and write. */
  #wait(n: number, memory?: unknown): void {
    this.#held[0] = memory;
    this.#process.waiting.until(() => this.#tested(n));
    this.#held[0] = undefined;
  }

  #tested(n: number): boolean {
    const { call, abi } = this.#process;
    this.#expect("Testall", call.Testall(n, this.#requests, this.#flag, abi.ignoreStatuses));
    return this.#flag[0] !== 0;
  }

  #reduce(x: Float64Array, op: Word): void {
    const { abi } = this.#process;
    this.#check("Iallreduce", abi.inPlace, x, x.length, abi.double, op, this.#comm, this.#requests);
    this.#wait(1, x);
  }

  sum(x: Float64Array): void {
    const board = this.#board(x.length);
    if (board) board.reduce(x, added);
    else this.#reduce(x, this.#process.abi.sum);
  }

  max(x: Float64Array): void {
    const board = this.#board(x.length);
    if (board) board.reduce(x, Math.max);
    else this.#reduce(x, this.#process.abi.max);
  }

  broadcast(bytes: Uint8Array, root: number): void {
    const board = this.#board(bytes.length / 8);
    if (board) return board.broadcast(bytes, root);
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, Math.min(bytes.length, at + PIECE));
      this.#check("Ibcast", piece, piece.length, this.#process.abi.byte, root, this.#comm, this.#requests);
      this.#wait(1, piece);
    }
  }

  barrier(): void {
    const board = this.#board(0);
    if (board) return board.barrier();
    this.#check("Ibarrier", this.#comm, this.#requests);
    this.#wait(1);
  }

  exchange(messages: readonly Message[], work?: ExchangeWork): void {
    this.#open("Isend");
    const { abi, call } = this.#process;
    const near = this.#near;
    if (messages.length > MESSAGES) throw new BackendError(`MPI: got ${messages.length} messages at once, expected at most ${MESSAGES}`);
    near?.begin(messages);
    let n = 0;
    for (let k = 0; k < messages.length; k++) {
      const m = messages[k]!;
      if (m.count > 0 && !near?.expects(m)) this.#expect("Irecv", call.Irecv(m.receive, m.count, abi.double, m.from, TAG + k, this.#comm, this.#request(n++)));
    }
    for (let k = 0; k < messages.length; k++) {
      work?.fill(k);
      const m = messages[k]!;
      if (m.count > 0 && !near?.sends(m)) this.#expect("Isend", call.Isend(m.send, m.count, abi.double, m.to, TAG + k, this.#comm, this.#request(n++)));
    }
    near?.sent();
    near?.clear();
    work?.meanwhile();
    near?.take();
    if (n > 0) this.#wait(n, messages);
  }

  /** Where the library writes the n-th request. */
  #request(n: number): Uint8Array {
    const { handleBytes } = this.#process.abi;
    return (this.#places[n] ??= this.#requests.subarray(handleBytes * n, handleBytes * (n + 1)));
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
    this.#wait(1, agreed);
    return { code: agreed[0]!, speaker };
  }

  abort(code: number): never {
    // a launcher that ends all ranks may not pass on any more what they have just written
    sleep(PASSED_ON);
    if (!this.#process.ended) this.#process.call.Abort(this.#process.abi.world, code);
    process.exit(code);
  }

  close(): void {
    if (this.#process.ended) return;
    this.#check("Finalize");
    this.#process.ended = true;
  }
}

const added = (a: number, b: number): number => a + b;

export interface MpiOptions {
  readonly heartbeat: Heartbeat;
  /** Ranks share processors. */
  readonly crowded: boolean;
  /** Messages to ranks of the same machine through shared memory. */
  readonly shared: boolean;
}

/** The group of all ranks. @throws BackendError when the library cannot begin. */
export function mpiComm(library: MpiLibrary, { heartbeat, crowded, shared }: MpiOptions): Comm {
  const abi = interfaceOf(library.interface, library);
  const call = functionsOf(library, abi.handle);
  const code = call.Init_thread(null, null, abi.funneled, new Int32Array(1));
  if (code !== 0) throw new BackendError(`MPI_Init_thread: ${library.version} (${library.file}) ended with code ${code}, expected a launcher that it knows`);
  const name = `${library.version} (${library.file}, interface ${library.interface})`;
  const comm = new MpiComm({ abi, call, waiting: new Waiting(heartbeat, crowded), name, ended: false }, abi.world, true);
  comm.share(library.map, shared);
  return comm;
}
