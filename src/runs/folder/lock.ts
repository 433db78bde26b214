/**
 * One run a folder: the file `lock` names the process that works there. The lock of a process that is gone (killed, or its number used again by
 * another process, which has another start time) is taken over, and that of an earlier start of the same job of Slurm, wherever it ran: its node may be lost.
 */
import { randomInt } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { FileFormatError } from "../../errors.ts";

/** Who holds a folder. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Tells processes with one number apart; "" where the system does not say. */
  readonly started: string;
  /** Number of the job of Slurm, and which of its starts this is. */
  readonly job?: { readonly id: string; readonly restart: number };
  /** ISO 8601, for people. */
  readonly since: string;
}

const NAME = "lock";

/** Takes the lock of a folder; dispose gives it back. @throws FileFormatError while another run holds it. */
export function lockFolder(folder: string): Disposable {
  const file = join(folder, NAME);
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), started: startOf(process.pid), ...jobOf(process.env), since: new Date().toISOString() } satisfies LockHolder);
  // a second try after a stale lock was moved away
  for (let attempt = 0; attempt < 3; attempt++) {
    if (create(file, mine)) return { [Symbol.dispose]: () => release(file, mine) };
    const text = read(file);
    if (text === undefined) continue;
    const holder = parsed(text);
    if (holder && alive(holder))
      throw new FileFormatError(`${folder}: got a folder in which process ${holder.pid} on ${holder.host} runs since ${holder.since}, expected no other run: wait for it, stop it with kill -TERM ${holder.pid}${holder.host === hostname() ? "" : `, or remove ${file} when you know that it is gone`}`);
    takeAway(file, text);
  }
  throw new FileFormatError(`${folder}: got a lock that changes hands, expected no other run: try again`);
}

/** The live holder of a folder's lock; undefined when nobody works there. */
export function lockHolder(folder: string): LockHolder | undefined {
  const holder = parsed(read(join(folder, NAME)) ?? "");
  return holder && alive(holder) ? holder : undefined;
}

/** Makes the file with its text in one step, so that nobody reads half of it. */
function create(file: string, text: string): boolean {
  const temporary = `${file}.${randomInt(2 ** 47)}.tmp`;
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new FileFormatError(`${file}: cannot be written (${(error as Error).message.split(",")[0]}), expected a folder that may be written to and knows hard links`);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Moves a stale lock away. Of two processes that try, one moves the lock of the other: it is put back. */
function takeAway(file: string, stale: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (read(aside) !== stale) linkSync(aside, file);
  rmSync(aside, { force: true });
}

function release(file: string, mine: string): void {
  if (read(file) === mine) rmSync(file, { force: true });
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FileFormatError(`${file}: cannot be read (${(error as Error).message.split(",")[0]}), expected the lock of a run: remove it when no run goes on in this folder`);
  }
}

/** undefined for a lock that was cut short: its writer was killed before it did anything. */
function parsed(text: string): LockHolder | undefined {
  try {
    const x = JSON.parse(text) as Partial<LockHolder>;
    return Number.isInteger(x.pid) && typeof x.host === "string" ? (x as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** The job that this process belongs to. Slurm starts a job again when all of its last start has ended, or the node is lost. */
function jobOf({ SLURM_JOB_ID: id, SLURM_RESTART_COUNT: restart }: NodeJS.ProcessEnv): Pick<LockHolder, "job"> {
  return id === undefined ? {} : { job: { id, restart: Number(restart ?? 0) } };
}

/** Processes of other machines cannot be asked and count as alive, but for those of an earlier start of this job. */
function alive({ pid, host, started, job }: LockHolder): boolean {
  const own = jobOf(process.env).job;
  if (own && job && own.id === job.id && own.restart > job.restart) return false;
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startOf(pid) === started;
}

/** Boot and start time of a process, from /proc where there is one. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // the command name, field 2, may hold spaces; the start time is field 22
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${boot}:${fields[19]}`;
  } catch {
    return "";
  }
}
