/** Runs between being read and being made. */
import type { RunCommand } from "./records.ts";
import type { Registry } from "./parts/registry.ts";
import type { RunConfiguration } from "./sections/sections.ts";

/** A run file with the folder that its paths start from and all parts that it may name. */
export interface RunFile {
  /** What errors call it: its path. Default "run file". */
  readonly source?: string;
  readonly configuration: RunConfiguration;
  readonly base: string;
  readonly registry: Registry;
}

/** A configuration as a command runs it. */
export interface ResolvedRun {
  /** What errors call where it comes from: the path of the run file. */
  readonly source: string;
  readonly command: RunCommand;
  readonly configuration: RunConfiguration;
  /** Folder that relative paths of the configuration start from. */
  readonly base: string;
  /** Parts that it may name. */
  readonly registry: Registry;
  /** SHA-256 of the command and of everything that decides the physics. */
  readonly hash: string;
  /** Sections of the file that this command does not use. */
  readonly unused: readonly string[];
}
