/** Slurm on this machine: munged, slurmctld and slurmd as root in a folder of their own, without systemd, cgroups or a database. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { hostname, cpus } from "node:os";
import { join } from "node:path";

/** Slurm in an empty folder, or why there is none here. `nodes`: so many, each with a host name and a service of its own. */
export function startSlurm(folder: string, nodes = 1): SlurmCluster | string {
  const problem = slurmProblem();
  if (problem !== undefined) return problem;
  try {
    const cluster = new SlurmCluster(folder, nodes);
    if (cluster.idle(60)) return cluster;
    cluster[Symbol.dispose]();
    return "its node does not answer within a minute";
  } catch (error) {
    return `its services do not start: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** What is missing for one; undefined when nothing is. */
function slurmProblem(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "Slurm's services need Linux and root";
  const missing = ["munged", "slurmctld", "slurmd", "sbatch", "srun"].find((c) => spawnSync("which", [c], { env: environment }).status !== 0);
  return missing === undefined ? undefined : `got no ${missing}: apt install slurmctld slurmd slurm-client munge`;
}

const environment: NodeJS.ProcessEnv = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` };

/** Of this process, so that one that another process left behind is not met. */
const PORT = 20_000 + 4 * (process.pid % 2500);

/** Nodes are of this machine; each task counts as one of 16 processors, so that jobs of a test run beside each other. */
const configuration = (S: string, host: string, nodes: readonly string[]): string => `ClusterName=ci
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${S}/run/munge.sock
SlurmctldPort=${PORT}
StateSaveLocation=${S}/state
SlurmdSpoolDir=${S}/spool-%n
SlurmctldPidFile=${S}/run/slurmctld.pid
SlurmdPidFile=${S}/run/slurmd-%n.pid
SlurmctldLogFile=${S}/log/slurmctld.log
SlurmdLogFile=${S}/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2
MpiDefault=none
ReturnToService=2
KillWait=20
SlurmdTimeout=${nodes.length > 1 ? 10 : 300}
${nodes.map((node, k) => `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${PORT + 1 + k} CPUs=16 Boards=1 SocketsPerBoard=1 CoresPerSocket=16 ThreadsPerCore=1 State=UNKNOWN`).join("\n")}
PartitionName=ci Nodes=${nodes.join()} Default=YES MaxTime=01:00:00 State=UP
`;

export class SlurmCluster implements Disposable {
  readonly #folder: string;
  readonly #conf: string;
  readonly #nodes: readonly string[];
  /** For what talks to it. */
  readonly environment: NodeJS.ProcessEnv;

  /** Starts it in an empty folder. */
  constructor(S: string, nodes = 1) {
    this.#folder = S;
    const host = hostname().split(".")[0]!;
    this.#nodes = nodes === 1 ? [host] : Array.from({ length: nodes }, (_, k) => `node${k + 1}`);
    for (const name of ["state", "log", "run", ...this.#nodes.map((n) => `spool-${n}`)]) mkdirSync(join(S, name), { recursive: true });
    for (const path of [S, join(S, "run")]) chmodSync(path, 0o755);
    writeFileSync(join(S, "run/munge.key"), randomBytes(128), { mode: 0o400 });
    const conf = (this.#conf = join(S, "slurm.conf"));
    writeFileSync(conf, configuration(S, host, this.#nodes));
    writeFileSync(join(S, "hosts"), `127.0.0.1 localhost ${[host, ...this.#nodes].join(" ")}\n`);
    this.environment = { ...environment, SLURM_CONF: conf };
    this.run("munged", "--force", `--socket=${S}/run/munge.sock`, `--key-file=${S}/run/munge.key`, `--pid-file=${S}/run/munged.pid`, `--log-file=${S}/log/munged.log`, `--seed-file=${S}/run/munged.seed`);
    this.run("slurmctld", "-f", conf);
    for (const node of this.#nodes) this.startNode(node);
    console.log(`Slurm: ${this.run("sinfo", "--version").trim()} on ${cpus().length} cores`);
  }

  /** Starts the service of a node; one of several has a host name and shared memory of its own. */
  startNode(node: string): void {
    if (this.#nodes.length === 1) this.run("slurmd", "-f", this.#conf);
    else this.run("unshare", "-m", "-u", "sh", "-c", `mount --make-rprivate / && mount -t tmpfs tmpfs /dev/shm && mount --bind ${this.#folder}/hosts /etc/hosts && hostname ${node} && exec slurmd -N ${node} -f ${this.#conf}`);
  }

  /** Ends everything that runs on one of several nodes, at once. */
  loseNode(node: string): number {
    const name = (pid: string | number): string => spawnSync("readlink", [`/proc/${pid}/ns/uts`], { encoding: "utf8" }).stdout;
    const its = name(readFileSync(join(this.#folder, "run", `slurmd-${node}.pid`), "utf8").trim());
    if (its === "" || its === name(process.pid)) throw new Error(`${node}: got no host name of its own`);
    const found = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && name(pid) === its);
    for (const pid of found) process.kill(Number(pid), "SIGKILL");
    return found.length;
  }

  /** Does the node wait for jobs, within so many seconds? */
  idle(seconds: number): boolean {
    for (let k = 0; k < seconds; k++) {
      if (/^idle/m.test(spawnSync("sinfo", ["-h", "-o", "%T"], { encoding: "utf8", env: this.environment }).stdout ?? "")) return true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    }
    return false;
  }

  run(command: string, ...args: readonly string[]): string {
    return execFileSync(command, args, { encoding: "utf8", env: this.environment, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Submits a script from a folder; the number of the job. */
  submit(script: string, folder: string): string {
    return execFileSync("sbatch", ["--parsable", script], { encoding: "utf8", cwd: folder, env: this.environment }).trim();
  }

  /** State and exit codes of a job's records, empty when Slurm has forgotten it. */
  show(job: string): string {
    return spawnSync("scontrol", ["show", "job", job], { encoding: "utf8", env: this.environment }).stdout ?? "";
  }

  /** Waits for all members of a job to have ended, and for `whole`, half a minute at most; one that waits to be started again is started after some seconds: sooner, what its first step left behind may still stand in the way. The states. */
  async ended(job: string, whole: () => boolean = () => true, seconds = 600): Promise<string[]> {
    // a job that puts itself back into the queue looks ended for a moment
    for (let [left, still, waits] = [seconds, 0, 0]; left > 0; left -= 0.5) {
      const states = [...this.show(job).matchAll(/JobState=(\w+)/g)].map((m) => m[1]!);
      still = states.every((s) => /^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)$/.test(s)) ? still + 1 : 0;
      if (still > 5 && (whole() || still > 60)) return states;
      // Slurm would wait for two minutes
      waits = states.includes("PENDING") && /Restarts=[1-9]/.test(this.show(job)) ? waits + 1 : 0;
      if (waits % 20 === 10) spawnSync("scontrol", ["update", `JobId=${job}`, "StartTime=now"], { env: this.environment });
      await new Promise((again) => setTimeout(again, 500));
    }
    throw new Error(`job ${job} did not end within ${seconds} s: ${this.show(job)}`);
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#nodes.map((n) => `slurmd-${n}`), "slurmctld", "munged"]) {
      const file = join(this.#folder, "run", `${name}.pid`);
      if (!existsSync(file)) continue;
      const pid = Number(readFileSync(file, "utf8"));
      spawnSync("kill", [String(pid)]);
      // it writes its state at the end
      for (let k = 0; k < 100 && existsSync(`/proc/${pid}`); k++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}
