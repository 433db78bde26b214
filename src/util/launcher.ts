/** What a launcher says about this process: how many it started, and which one this is. */

/** What the launcher of a parallel program says of this process. */
export interface Launcher {
  /** mpirun of Open MPI, mpiexec of MPICH, srun, or another one that speaks PMIx. */
  readonly name: string;
  /** Processes that it started; 0 where it does not say, as prterun and prun of PRRTE do not: the library then knows. */
  readonly size: number;
  readonly rank: number;
  /** Ranks on this machine, where it says so; else all of them. */
  readonly local: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of a launcher's variables: size, rank, ranks of a machine ("2", "2(x3),1"). Open MPI 5, which starts through PRRTE, has those of Open MPI 4. */
const LAUNCHERS: readonly (readonly [name: string, size: string, rank: string, local: string])[] = [
  ["mpirun (Open MPI)", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"],
  ["srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_TASKS_PER_NODE"],
  ["mpiexec (MPICH)", "PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS"],
];

/** The launcher of this process; undefined when it was started by hand. */
export function launcherOf(environment: Environment): Launcher | undefined {
  for (const [name, size, rank, local] of LAUNCHERS) {
    const [n, r, here] = [Number(environment[size]), Number(environment[rank]), Number.parseInt(environment[local] ?? "")];
    if (Number.isInteger(n) && n >= 1 && Number.isInteger(r)) return { name, size: n, rank: r, local: here >= 1 ? here : n };
  }
  const rank = Number(environment["PMIX_RANK"]);
  return environment["PMIX_NAMESPACE"] !== undefined && Number.isInteger(rank) ? { name: "a launcher with PMIx", size: 0, rank, local: 1 } : undefined;
}
