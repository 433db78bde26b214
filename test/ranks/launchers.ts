/** MPI launchers that are present here, with what they need to start as any user on any number of cores. */
import { spawn, spawnSync } from "node:child_process";

export interface LauncherHere {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly options: readonly string[];
}

const env = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", OMPI_MCA_btl_vader_single_copy_mechanism: "none", NO_COLOR: "1", GAUGEGRAD_MPI_TIMEOUT: "120" };

function find(name: LauncherHere["name"], commands: readonly string[], said: RegExp, options: readonly string[]): LauncherHere | undefined {
  const command = commands.find((c) => {
    const run = spawnSync(c, ["--version"], { encoding: "utf8", env });
    return !run.error && said.test(run.stdout);
  });
  if (!command) console.log(`ranks on ${name}: skipped, got no ${commands.join(" or ")}: apt install ${name === "MPICH" ? "mpich" : "openmpi-bin"}`);
  return command === undefined ? undefined : { name, command, options };
}

export const openMpi = find("Open MPI", ["mpirun.openmpi", "mpirun"], /Open MPI|OpenRTE/, ["--oversubscribe", "--bind-to", "none"]);
export const mpich = find("MPICH", ["mpirun.mpich", "mpiexec.mpich", "mpiexec"], /HYDRA|mpich/i, []);
export const launchers: readonly LauncherHere[] = [openMpi, mpich].filter((l) => l !== undefined);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `size` processes of node and waits for their end. `flags`: of node. */
export function launch({ command, options }: LauncherHere, size: number, args: readonly string[], more: Readonly<Record<string, string>> = {}, flags: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...options, "-n", String(size), process.execPath, ...flags, ...args], { env: { ...env, ...more } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (d) => (stdout += String(d)));
    child.stderr.on("data", (d) => (stderr += String(d)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
