/** The group of ranks that this process belongs to: alone, or with those that a launcher started. */
import { BackendError } from "../../errors.ts";
import { type Comm, selfComm } from "./comm.ts";
import { installHooks, patienceOf, watchdog } from "./mpi/guards.ts";
import { type Launcher, launcherOf } from "../../util/index.ts";
import { loadMpi } from "./mpi/library.ts";
import { mpiComm } from "./mpi/mpi.ts";
import { sharedProcessors } from "./shared-processors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Without a launcher one rank, and no native code is loaded. Under mpirun, mpiexec or srun all its processes, on the site's MPI library. To be called once, and
 * closed at the end: a process that ends otherwise ends all.
 * @throws BackendError without koffi or a library, and when library and launcher do not agree on the number of ranks.
 */
export function connect(environment: Environment = process.env): Comm {
  const launcher = launcherOf(environment);
  if (!launcher || launcher.size === 1) return selfComm;
  const [shared, seconds] = [sharing(environment), patienceOf(environment)];
  const library = loadMpi(environment);
  const heartbeat = watchdog(seconds, launcher.rank);
  // a rank that never comes is waited for here
  heartbeat.begin();
  let comm: Comm;
  try {
    comm = mpiComm(library, { heartbeat, crowded: launcher.local > sharedProcessors(), shared });
  } finally {
    heartbeat.end();
  }
  if (launcher.size === 0 ? launcher.rank >= comm.size : comm.size !== launcher.size) {
    heartbeat.stop();
    comm.close();
    throw new BackendError(mismatch(launcher, comm));
  }
  const release = installHooks(comm);
  return wrapped(comm, () => {
    comm.close();
    release();
    heartbeat.stop();
  });
}

/** GAUGEGRAD_MPI_SHARED=off: all messages through the library, also between ranks of one machine. @throws BackendError for another word than on and off. */
function sharing(environment: Environment): boolean {
  const asked = environment["GAUGEGRAD_MPI_SHARED"] || "on";
  if (asked !== "on" && asked !== "off") throw new BackendError(`GAUGEGRAD_MPI_SHARED: got ${asked}, expected on or off`);
  return asked === "on";
}

/** All members of a group with another `close`. */
function wrapped(comm: Comm, close: () => void): Comm {
  return {
    name: comm.name,
    rank: comm.rank,
    size: comm.size,
    near: comm.near,
    common: comm.common,
    sum: (x) => comm.sum(x),
    max: (x) => comm.max(x),
    broadcast: (bytes, root) => comm.broadcast(bytes, root),
    barrier: () => comm.barrier(),
    exchange: (messages, work) => comm.exchange(messages, work),
    split: (color) => comm.split(color),
    leave: (code, patience) => comm.leave(code, patience),
    abort: (code) => comm.abort(code),
    close,
  };
}

function mismatch(launcher: Launcher, comm: Comm): string {
  const other = /Open MPI/.test(comm.name) ? "mpich" : "ompi";
  return `MPI: ${launcher.name} started ${launcher.size || "several"} processes, the library ${comm.name} knows ${comm.size}: they do not belong together, and each process would run alone: set GAUGEGRAD_MPI=${other} or to the launcher's library file, or use the library's own launcher`;
}
