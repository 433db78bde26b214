/** Folders of the chains of one run. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileFormatError } from "../../errors.ts";
import type { RunCommand } from "../records.ts";

/** chains.json */
export interface ChainsInfo {
  readonly schemaVersion: 1;
  readonly command: RunCommand;
  readonly chains: number;
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
