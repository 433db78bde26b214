/**
 * Several chains of one run: streams 0, 1, ... of one seed, each in a folder of its own that is the folder of a single run with that stream.
 *
 *   chains.json    ChainsInfo
 *   chain-0/ ...   folders of runs
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileFormatError } from "../../errors.ts";
import type { LatticeOptions } from "../../gauge/index.ts";
import { type RunFile, readRunFile } from "../parse.ts";
import { type RunEnd, produce } from "../production.ts";
import type { RunCommand } from "../records.ts";
import { resolveRun } from "../resolve.ts";

/** chains.json */
export interface ChainsInfo {
  readonly schemaVersion: 1;
  readonly command: RunCommand;
  readonly chains: number;
}

/** What one chain is, as plain data. */
export interface ChainSpec {
  readonly command: RunCommand;
  /** The run file, which every chain reads. */
  readonly file: string;
  /** Instead of the seed of the run file. */
  readonly seed?: number | undefined;
  /** Number from 0; added to the stream of the run file. */
  readonly chain: number;
  readonly folder: string;
  readonly engine: Pick<LatticeOptions, "backend" | "threads" | "strict">;
  readonly extend: boolean;
  readonly maxSeconds?: number | undefined;
}

const infoFile = (folder: string): string => join(folder, "chains.json");

/** Folder of a chain. */
export const chainFolder = (folder: string, chain: number): string => join(folder, `chain-${chain}`);

/** What a folder of chains says; undefined for any other folder. @throws FileFormatError when chains.json is damaged. */
export function readChains(folder: string): ChainsInfo | undefined {
  const file = infoFile(folder);
  if (!existsSync(file)) return undefined;
  try {
    const info = JSON.parse(readFileSync(file, "utf8")) as Partial<ChainsInfo> | null;
    if (info?.schemaVersion === 1 && typeof info.command === "string" && Number.isInteger(info.chains) && info.chains! >= 1) return info as ChainsInfo;
  } catch {
    // refused below
  }
  throw new FileFormatError(`${file}: got a damaged file, expected what gaugegrad --chains wrote: restore it from a copy`);
}

/** The run file with another seed, and the stream of a chain. */
function ofChain(file: RunFile, { seed, chain }: ChainSpec): RunFile {
  const { sampler } = file.configuration;
  return { ...file, configuration: { ...file.configuration, sampler: { ...sampler, ...(seed === undefined ? {} : { seed }), stream: sampler.stream + chain } } };
}

/** What is heard of a chain. */
export interface ChainHooks {
  readonly signal: AbortSignal;
  readonly onWarning: (text: string) => void;
  readonly onPosition: (position: number, total: number) => void;
}

/** Makes one chain, or goes on with it. */
export async function runChain(spec: ChainSpec, { signal, onWarning, onPosition }: ChainHooks): Promise<RunEnd> {
  const run = resolveRun(spec.command, ofChain(await readRunFile(spec.file), spec));
  let end: RunEnd | undefined;
  for await (const event of produce({ run, folder: chainFolder(spec.folder, spec.chain), engine: spec.engine, extend: spec.extend, maxSeconds: spec.maxSeconds, signal })) {
    if (event.kind === "warning") onWarning(event.text);
    else if (event.kind === "done" || event.kind === "stop") end = event as RunEnd;
    if (event.kind !== "stopping") onPosition(event.position, event.total);
  }
  return end!;
}
