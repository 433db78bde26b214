/** Slurm on this machine: munged, slurmctld and slurmd as root in a folder of their own, without systemd, cgroups or a database. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, cpus } from "node:os";
import { join } from "node:path";

/** Slurm in an empty folder, or why there is none here. */
export function startSlurm(folder: string): SlurmCluster | string {
  const problem = slurmProblem();
  if (problem !== undefined) return problem;
  try {
    const cluster = new SlurmCluster(folder);
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
const PORT = 20_000 + 2 * (process.pid % 5000);

/** Nodes are of this machine; each task counts as one of 16 processors, so that jobs of a test run beside each other. */
const configuration = (S: string, host: string): string => `ClusterName=ci
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${S}/run/munge.sock
SlurmctldPort=${PORT}
SlurmdPort=${PORT + 1}
StateSaveLocation=${S}/state
SlurmdSpoolDir=${S}/spool
SlurmctldPidFile=${S}/run/slurmctld.pid
SlurmdPidFile=${S}/run/slurmd.pid
SlurmctldLogFile=${S}/log/slurmctld.log
SlurmdLogFile=${S}/log/slurmd.log
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
NodeName=${host} NodeAddr=127.0.0.1 CPUs=16 Boards=1 SocketsPerBoard=1 CoresPerSocket=16 ThreadsPerCore=1 State=UNKNOWN
PartitionName=ci Nodes=${host} Default=YES MaxTime=01:00:00 State=UP
`;

export class SlurmCluster implements Disposable {
  readonly #folder: string;
  /** For what talks to it. */
  readonly environment: NodeJS.ProcessEnv;

  /** Starts it in an empty folder. */
  constructor(S: string) {
    this.#folder = S;
    for (const name of ["state", "spool", "log", "run"]) mkdirSync(join(S, name), { recursive: true });
    for (const path of [S, join(S, "run")]) chmodSync(path, 0o755);
    writeFileSync(join(S, "run/munge.key"), randomBytes(128), { mode: 0o400 });
    const conf = join(S, "slurm.conf");
    writeFileSync(conf, configuration(S, hostname().split(".")[0]!));
    this.environment = { ...environment, SLURM_CONF: conf };
    this.run("munged", "--force", `--socket=${S}/run/munge.sock`, `--key-file=${S}/run/munge.key`, `--pid-file=${S}/run/munged.pid`, `--log-file=${S}/log/munged.log`, `--seed-file=${S}/run/munged.seed`);
    this.run("slurmctld", "-f", conf);
    this.run("slurmd", "-f", conf);
    console.log(`Slurm: ${this.run("sinfo", "--version").trim()} on ${cpus().length} cores`);
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
    for (const name of ["slurmd", "slurmctld", "munged"]) {
      const file = join(this.#folder, "run", `${name}.pid`);
      if (!existsSync(file)) continue;
      const pid = Number(readFileSync(file, "utf8"));
      spawnSync("kill", [String(pid)]);
      // it writes its state at the end
      for (let k = 0; k < 100 && existsSync(`/proc/${pid}`); k++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
}
