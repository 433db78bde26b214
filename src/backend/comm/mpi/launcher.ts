/** What a launcher says about this process: how many it started, and which one this is. */

/** What the launcher of a parallel program says of this process. */
export interface Launcher {
  /** mpirun of Open MPI, mpiexec of MPICH, srun. */
  readonly name: string;
  readonly size: number;
  readonly rank: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of a launcher's variables: size, rank. */
const LAUNCHERS: readonly (readonly [name: string, size: string, rank: string])[] = [
  ["mpirun (Open MPI)", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"],
  ["srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"],
  ["mpiexec (MPICH)", "PMI_SIZE", "PMI_RANK"],
];

/** The launcher of this process; undefined when it was started by hand. */
export function launcherOf(environment: Environment): Launcher | undefined {
  for (const [name, size, rank] of LAUNCHERS) {
    const [n, r] = [Number(environment[size]), Number(environment[rank])];
    if (Number.isInteger(n) && n >= 1 && Number.isInteger(r)) return { name, size: n, rank: r };
  }
  return undefined;
}
