/** What launchers leave in the environment, that of Open MPI 5 and of PRRTE alone as their documentation has it (they are not here): who started this process, and whose library is tried first. */
import { cpus } from "node:os";
import { expect, test } from "vitest";
import { connect, processors, sharedProcessors } from "../../src/backend/index.ts";
import { launcherOf } from "../../src/util/index.ts";
import { librariesFor } from "../../src/backend/comm/mpi/library.ts";

const pmix = { PMIX_RANK: "1", PMIX_NAMESPACE: "prterun-vm-1234@1", PMIX_SERVER_URI41: "prterun-vm-1234@0.0;tcp4://127.0.0.1:5" };
const openMpi = { OMPI_COMM_WORLD_SIZE: "4", OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_LOCAL_SIZE: "2", OMPI_COMM_WORLD_LOCAL_RANK: "1" };

test.each([
  ["nobody", {}, undefined, "libmpi.so.40"],
  ["Open MPI 4", { ...openMpi, PMIX_RANK: "1", PMIX_NAMESPACE: "1234" }, { name: "mpirun (Open MPI)", size: 4, rank: 1, local: 2 }, "libmpi.so.40"],
  ["Open MPI 5", { ...pmix, ...openMpi, PRTE_LAUNCHED: "1" }, { name: "mpirun (Open MPI)", size: 4, rank: 1, local: 2 }, "libmpi.so.40"],
  ["prterun", pmix, { name: "a launcher with PMIx", size: 0, rank: 1, local: 1 }, "libmpi.so.40"],
  ["srun with pmix", { ...pmix, SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "1", SLURM_STEP_TASKS_PER_NODE: "2(x2)" }, { name: "srun", size: 4, rank: 1, local: 2 }, "libmpi.so.40"],
  ["srun with pmi2", { PMI_RANK: "1", PMI_FD: "9", SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "1" }, { name: "srun", size: 4, rank: 1, local: 4 }, "libmpich.so.12"],
  ["MPICH", { PMI_SIZE: "4", PMI_RANK: "1", PMI_FD: "9", MPI_LOCALNRANKS: "4" }, { name: "mpiexec (MPICH)", size: 4, rank: 1, local: 4 }, "libmpich.so.12"],
])("%s", (_, environment, launcher, library) => {
  expect(launcherOf(environment as Record<string, string>)).toEqual(launcher);
  expect(librariesFor(environment as Record<string, string>)[0]).toBe(library);
});

test("ranks share what the first process of a container may use, on a list that may name processors that are not there", () => {
  const all = cpus().length;
  expect(["", "0-1023", "0-511,600"].map((list) => sharedProcessors(list))).toEqual([all, all, all]);
  expect(["3", "0,2"].map((list) => sharedProcessors(list))).toEqual([Math.max(1, processors()), Math.max(2, processors())]);
  expect(sharedProcessors()).toBeGreaterThanOrEqual(processors());
});

test("a library that is asked for comes alone", () => {
  expect(librariesFor({ ...openMpi, GAUGEGRAD_MPI: "/opt/libmpi.so" })).toEqual(["/opt/libmpi.so"]);
  expect(librariesFor({ ...openMpi, GAUGEGRAD_MPI: "mpich" })[0]).toBe("libmpich.so.12");
  expect(connect({})).toMatchObject({ name: "self", size: 1 });
});
