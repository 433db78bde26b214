/** How commands write their results, and the options that several of them share. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigurationError } from "../errors.ts";
import type { TfjsEngineName } from "../compiler/index.ts";
import type { LatticeOptions } from "../gauge/index.ts";
import type { CliContext } from "./context.ts";

/** A value as indented JSON; numbers keep all 17 digits, those that JSON lacks (NaN, infinities) become null. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout(`${JSON.stringify(value, null, 2)}\n`);
}

/** One value a line (JSON Lines). */
export function printJsonLine(context: CliContext, value: unknown): void {
  context.stdout(`${JSON.stringify(value)}\n`);
}

/** Text with exactly one newline at its end. */
export function printText(context: CliContext, text: string): void {
  context.stdout(text.endsWith("\n") ? text : `${text}\n`);
}

/** Options that every command understands, before or after its name. */
export interface GlobalOptions {
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** Options added by `withEngine`. */
export interface EngineFlags {
  readonly backend: "auto" | "js" | "wasm" | "native" | "cuda" | "tfjs" | "interpret";
  readonly threads: number | "auto";
  readonly strict?: boolean;
}

/** Adds --backend, --threads and --strict. */
export function withEngine(command: Command): Command {
  return command
    .addOption(new Option("--backend <name>", "where programs run; cuda was never run on a device; interpret evaluates op by op, slowly, for debugging").choices(["auto", "js", "wasm", "native", "cuda", "tfjs", "interpret"]).default("auto"))
    .option("--threads <n>", "threads, counting the main one; results do not depend on it", threads, "auto")
    .option("--strict", "multiply then add instead of fused multiply-add: the same bits on every machine");
}

/**
 * Lattice options of the engine flags. The tfjs backend is the engine that GAUGEGRAD_TFJS names, default tfjs-node-gpu.
 * @throws BackendError that says what to install when that engine is not present.
 */
export async function latticeOptions(flags: EngineFlags, { environment, comm }: Pick<CliContext, "environment" | "comm">): Promise<LatticeOptions> {
  if (comm && ["tfjs", "interpret", "cuda"].includes(flags.backend)) throw new ConfigurationError(`--backend ${flags.backend}: got ${comm.size} ranks, expected one: use wasm, native or js to divide a lattice`);
  if (flags.backend === "tfjs") return { engine: await (await import("../compiler/index.ts")).loadTfjs({ engine: (environment["GAUGEGRAD_TFJS"] ?? "tfjs-node-gpu") as TfjsEngineName }) };
  return { backend: flags.backend, threads: comm && flags.threads === "auto" ? (await import("../runs/index.ts")).threadsOfRank(environment) : flags.threads, strict: flags.strict ?? false, ...(comm ? { comm } : {}) };
}

/** Adds --json. */
export function withJson(command: Command): Command {
  return command.option("--json", "results as JSON on stdout");
}

/** Adds --seed. */
export function withSeed(command: Command): Command {
  return command.option("--seed <n>", "seed of all random numbers", integer(0), 0);
}

/** Parser of an option that is a number, for commander. */
export function number(minimum = -Infinity): (text: string) => number {
  return (text) => {
    const x = Number(text);
    if (text.trim() === "" || !Number.isFinite(x) || x < minimum) throw new InvalidArgumentError(`expected a number${minimum > -Infinity ? ` >= ${minimum}` : ""}`);
    return x;
  };
}

/** Parser of an option that is a positive number. */
export function positive(text: string): number {
  const x = number()(text);
  if (x <= 0) throw new InvalidArgumentError("expected a number above 0");
  return x;
}

/** Parser of an option that is an integer. */
export function integer(minimum: number): (text: string) => number {
  return (text) => {
    const x = Number(text);
    if (!/^[+-]?\d+$/.test(text.trim()) || !Number.isSafeInteger(x) || x < minimum) throw new InvalidArgumentError(`expected an integer >= ${minimum}`);
    return x;
  };
}

/** Parser of extents, `8,8,8,4`. */
export function extents(text: string): number[] {
  const parts = text.split(/[,x]/).map((s) => s.trim());
  if (parts.length < 1 || parts.length > 4 || !parts.every((s) => /^\d+$/.test(s) && Number(s) >= 1)) throw new InvalidArgumentError("expected extents like 8,8,8,4 (Lx,Ly,Lz,Lt)");
  return parts.map(Number);
}

function threads(text: string): number | "auto" {
  return text === "auto" ? "auto" : integer(1)(text);
}
