/** `gaugegrad slurm RUN.toml`: prints a batch script; nothing is submitted. */
import { basename, resolve } from "node:path";
import { Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { integer, printText } from "../output.ts";
import type { JobScriptOptions, RunCommand } from "../../runs/index.ts";

interface Options extends Omit<JobScriptOptions, "scheduler" | "command" | "file" | "folder"> {
  readonly pbs?: boolean;
  readonly command?: RunCommand;
  readonly dir?: string;
  readonly ntasks: number;
}

export function slurmCommand(context: CliContext): Command {
  return new Command("slurm")
    .description("Prints a batch script for Slurm (or PBS) that starts a run, resumes it, and comes back until it is done; it is yours to change and to submit.")
    .argument("<RUN.toml>", "run file, named as the job will find it")
    .addOption(new Option("--command <name>", "what makes the run; by default slhmc for a run file with a network or a guide, else hmc").choices(["hmc", "slhmc", "train"]))
    .option("--dir <folder>", "folder of the run; by default the name of the run file")
    .option("--nodes <n>", "nodes", integer(1), 1)
    .option("--ntasks <n>", "ranks of the job, or of every member of an array", integer(1), 1)
    .option("--time <HH:MM:SS>", "limit; 120 seconds before it the run stops with a checkpoint", "12:00:00")
    .addOption(new Option("--mpi <plugin>", "how srun meets the MPI library: pmix for Open MPI, pmi2 for MPICH").choices(["pmix", "pmi2"]).default("pmix"))
    .option("--array <n>", "so many independent chains, one a member: streams 0, 1, ..., folders chain-0, chain-1, ...", integer(1))
    .option("--restarts <n>", "most times that the job comes back", integer(0), 100)
    .option("--pbs", "for PBS instead of Slurm")
    .action(async (file: string, { pbs, command, dir, ntasks, ...rest }: Options) => {
      const { isGuided, jobScript, readRunFile } = await import("../../runs/index.ts");
      const { configuration } = await readRunFile(resolve(context.directory, file));
      const guided = configuration.network !== undefined || isGuided(configuration);
      printText(context, jobScript({ ...rest, scheduler: pbs ? "pbs" : "slurm", command: command ?? (guided ? "slhmc" : "hmc"), file, folder: dir ?? basename(file).replace(/\.toml$/, ""), tasks: ntasks }));
    });
}
