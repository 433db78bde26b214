/**
 * Batch scripts of one run, or of one chain a member of an array, for Slurm and PBS: one command that starts, resumes or says that it is done; a signal (Slurm) or
 * an own limit of time (PBS) before the end of the job, so that the run stops with a checkpoint and exit code 75; once more on any exit code that another
 * try can change, within a bound. Nothing is submitted: a script belongs to its user.
 */
import { ConfigurationError } from "../errors.ts";
import type { RunCommand } from "./records.ts";

/** What a job script is made of. */
export interface JobScriptOptions {
  readonly scheduler: "slurm" | "pbs";
  readonly command: RunCommand;
  /** Run file and folder as the job finds them, from the folder where it is submitted. */
  readonly file: string;
  readonly folder: string;
  readonly nodes: number;
  /** Ranks of the whole job, or of every member of an array. */
  readonly tasks: number;
  /** Limit, `HH:MM:SS`. */
  readonly time: string;
  /** How srun meets the MPI library. */
  readonly mpi: "pmix" | "pmi2";
  /** Independent chains as members of an array, streams 0, 1, ..., folders chain-0, chain-1, ... */
  readonly array?: number;
  /** Most times that a job comes back. */
  readonly restarts: number;
}

/** Seconds before the limit at which a run is asked to stop: Slurm may come up to a minute early. */
const BEFORE = 120;
/** Exit codes of usage, run file and physics checks: the same command gives them again. */
const FINAL = "2|3|4";

/** A word of the shell. */
const quoted = (text: string): string => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Name of a job: that of the run file. */
const nameOf = (file: string): string => (file.split("/").at(-1)!.replace(/\.toml$/, "").replace(/[^\w.-]/g, "-") || "run").slice(0, 60);

/** The script as text. @throws ConfigurationError for numbers that make no job. */
export function jobScript(options: JobScriptOptions): string {
  const { nodes, tasks, array, restarts, time } = options;
  for (const [name, x, least] of [["nodes", nodes, 1], ["ntasks", tasks, 1], ["array", array ?? 1, 1], ["restarts", restarts, 0]] as const)
    if (!Number.isInteger(x) || x < least) throw new ConfigurationError(`${name}: got ${x}, expected an integer, at least ${least}`);
  if (tasks % nodes !== 0) throw new ConfigurationError(`ntasks: got ${tasks} ranks on ${nodes} nodes, expected a multiple of ${nodes}, as many on every node`);
  if (secondsOf(time) <= 2 * BEFORE) throw new ConfigurationError(`time: got ${time}, expected more than ${2 * BEFORE} seconds: a run is asked to stop ${BEFORE} seconds before the end`);
  return options.scheduler === "slurm" ? slurm(options) : pbs(options);
}

function secondsOf(time: string): number {
  const parts = /^(\d{1,3}):([0-5]\d):([0-5]\d)$/.exec(time);
  if (!parts) throw new ConfigurationError(`time: got ${JSON.stringify(time)}, expected hours, minutes and seconds: 12:00:00`);
  return Number(parts[1]) * 3600 + Number(parts[2]) * 60 + Number(parts[3]);
}

/** Folder of the run, or of a member, whose number is in a variable. */
const place = ({ folder, array }: JobScriptOptions, member: string): string => (array === undefined ? quoted(folder) : `${quoted(folder)}/chain-"$${member}"`);

/** The command, with the variable that holds the number of a member. */
function line(o: JobScriptOptions, member: string): string {
  return `$gaugegrad ${o.command} ${quoted(o.file)}${o.array === undefined ? "" : ` --stream "$${member}"`} --dir ${place(o, member)}`;
}

/** Comment on what is to be done when all members are done. */
const merged = ({ command, file, folder, array }: JobScriptOptions): string[] =>
  array === undefined ? [] : [`# when all are done, one summary and report: gaugegrad ${command} ${quoted(file)} --chains ${array} --dir ${quoted(folder)} && gaugegrad report ${quoted(folder)}`];

/** What the exit code of the command decides; what follows brings the job back. A launcher may end with 0 though it started no rank again: the last event of the run decides. */
const after = (o: JobScriptOptions, member: string): string[] => [
  "code=$?",
  "",
  "case $code in",
  `  0) events=${place(o, member)}/events.jsonl`,
  `     if [ ! -e "$events" ] || tail -n 1 "$events" | grep -q '"kind":"done"'; then exit 0; fi`,
  "     code=1 ;; # the launcher says 0, the run does not say that it is done",
  `  ${FINAL}) exit $code ;; # command line, run file, or a check: another try would end alike`,
  "esac",
  "# stopped before the limit (75), or a rank or node was lost: once more, from the last checkpoint",
];

function slurm(o: JobScriptOptions): string {
  const name = nameOf(o.file);
  return `${[
    "#!/bin/bash",
    `#SBATCH --job-name=${name}`,
    `#SBATCH --nodes=${o.nodes}`,
    `#SBATCH --ntasks=${o.tasks}`,
    `#SBATCH --time=${o.time}`,
    ...(o.array === undefined ? [`#SBATCH --output=${name}-%j.log`] : [`#SBATCH --array=0-${o.array - 1}`, `#SBATCH --output=${name}-%A_%a.log`]),
    `#SBATCH --signal=USR1@${BEFORE}`,
    "#SBATCH --requeue",
    "#SBATCH --open-mode=append",
    ...merged(o),
    "",
    'gaugegrad=${GAUGEGRAD:-"npx gaugegrad"}',
    `restarts=${o.restarts}`,
    "export UCX_ERROR_SIGNALS= UCX_MEM_EVENTS=n NO_COLOR=1",
    "",
    `srun --mpi=${o.tasks === 1 ? "none" : o.mpi} --kill-on-bad-exit=1 --cpu-bind=cores ${line(o, "SLURM_ARRAY_TASK_ID")}`,
    ...after(o, "SLURM_ARRAY_TASK_ID"),
    'if [ "${SLURM_RESTART_COUNT:-0}" -lt "$restarts" ]; then',
    '  if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then job=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}; else job=$SLURM_JOB_ID; fi',
    '  scontrol requeue "$job"',
    "fi",
    "exit $code",
  ].join("\n")}\n`;
}

function pbs(o: JobScriptOptions): string {
  const name = nameOf(o.file);
  const each = o.tasks / o.nodes;
  const start = o.tasks === 1 ? "" : `mpiexec -n ${o.tasks} `;
  return `${[
    "#!/bin/bash",
    `# keep this file as ${name}.pbs where it is submitted: it submits itself again`,
    `#PBS -N ${name.slice(0, 15)}`,
    `#PBS -l select=${o.nodes}:ncpus=${each}:mpiprocs=${each}`,
    `#PBS -l walltime=${o.time}`,
    "#PBS -j oe",
    "#PBS -r y",
    ...(o.array === undefined ? [] : [`#PBS -J 0-${o.array - 1}`]),
    ...merged(o),
    "",
    'cd "$PBS_O_WORKDIR" || exit 1',
    'gaugegrad=${GAUGEGRAD:-"npx gaugegrad"}',
    "export UCX_ERROR_SIGNALS= UCX_MEM_EVENTS=n NO_COLOR=1",
    // a member that comes back is a job of its own
    ...(o.array === undefined ? [] : ["member=${GAUGEGRAD_MEMBER:-$PBS_ARRAY_INDEX}"]),
    "",
    `${start}${line(o, "member")} --max-seconds ${secondsOf(o.time) - BEFORE}`,
    ...after(o, "member"),
    "count=${GAUGEGRAD_RESTARTS:-0}",
    `if [ "$count" -lt ${o.restarts} ]; then`,
    o.array === undefined
      ? `  qsub -v GAUGEGRAD_RESTARTS=$((count + 1)) ${name}.pbs`
      : `  sed '/^#PBS -J/d' ${name}.pbs | qsub -v GAUGEGRAD_RESTARTS=$((count + 1)),GAUGEGRAD_MEMBER="$member"`,
    "fi",
    "exit $code",
  ].join("\n")}\n`;
}
