/**
 * The list of commands. A new command is a file in commands/ that exports `xCommand(context): Command`, and one line here; it
 * is loaded when it is run or asked for help, and loads the rooms that do its work when its arguments are right: help and refusals stay quick.
 */
import type { Command } from "commander";
import type { CliContext } from "./context.ts";

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(context: CliContext) => Command>;
}

export const commands: readonly CommandEntry[] = [
  { name: "quickstart", summary: "the main job on real physics: train a network, compare HMC with self-learning HMC; writes report.html", load: async () => (await import("./commands/quickstart.ts")).quickstartCommand },
  { name: "hmc", summary: "hybrid Monte Carlo from a run file; the same command resumes", load: async () => (await import("./commands/hmc.ts")).hmcCommand },
  { name: "train", summary: "train an effective action, online or on stored configurations", load: async () => (await import("./commands/train.ts")).trainCommand },
  { name: "slhmc", summary: "self-learning HMC, trained in a prior HMC when the run file says so", load: async () => (await import("./commands/slhmc.ts")).slhmcCommand },
  { name: "slurm", summary: "a batch script of a run, for Slurm or PBS: it starts, resumes, comes back until the run is done", load: async () => (await import("./commands/slurm.ts")).slurmCommand },
  { name: "spins", summary: "classical spins with fermions: train effective models, self-learning Monte Carlo", load: async () => (await import("./commands/spins.ts")).spinsCommand },
  { name: "flow", summary: "generative flows: train, sample exactly, report", load: async () => (await import("./commands/flow.ts")).flowCommand },
  { name: "measure", summary: "plaquettes, loops, action, flow, fermions of configuration files", load: async () => (await import("./commands/measure.ts")).measureCommand },
  { name: "check", summary: "gradient, covariance and symmetry checks of the layers and actions of a module", load: async () => (await import("./commands/check.ts")).checkCommand },
  { name: "convert", summary: "write a configuration in another format", load: async () => (await import("./commands/convert.ts")).convertCommand },
  { name: "export", summary: "an action or layer as a C library for other codes, with Python and Julia", load: async () => (await import("./commands/export.ts")).exportCommand },
  { name: "model", summary: "files of trained networks: show what one holds", load: async () => (await import("./commands/model.ts")).modelCommand },
  { name: "report", summary: "one self-contained HTML file on a run", load: async () => (await import("./commands/report.ts")).reportCommand },
  { name: "serve", summary: "a live page on a run, on this machine only", load: async () => (await import("./commands/serve.ts")).serveCommand },
  { name: "run", summary: "run a TypeScript program that imports gaugegrad", load: async () => (await import("./commands/run.ts")).runCommand },
  { name: "init", summary: "a commented starter run file of each kind", load: async () => (await import("./commands/init.ts")).initCommand },
  { name: "wizard", summary: "a run file from questions on the terminal", load: async () => (await import("./commands/wizard.ts")).wizardCommand },
  { name: "schema", summary: "JSON Schema of run files, for editors", load: async () => (await import("./commands/schema.ts")).schemaCommand },
  { name: "cite", summary: "BibTeX of what a run uses", load: async () => (await import("./commands/cite.ts")).citeCommand },
  { name: "completion", summary: "shell completion for bash, zsh, fish", load: async () => (await import("./commands/completion.ts")).completionCommand },
  { name: "doctor", summary: "what this machine offers: backends, SIMD, threads, compilers, optional packages", load: async () => (await import("./commands/doctor.ts")).doctorCommand },
];
