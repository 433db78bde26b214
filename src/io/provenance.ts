/** Where a configuration comes from: what its file says about its ensemble, and how that is carried from format to format. */
import { printable, guard, is } from "../util/index.ts";

/** Texts of a file, on one line each; what the file does not say is absent. */
export interface Provenance {
  readonly ensembleId?: string;
  readonly ensembleLabel?: string;
  /** Number of the configuration in its ensemble. */
  readonly sequenceNumber?: string;
  readonly creator?: string;
  readonly creatorHardware?: string;
  readonly creationDate?: string;
  readonly archiveDate?: string;
  /** Logical file name of ILDG. */
  readonly logicalFileName?: string;
  /** Whatever else the header says: names and texts of the format it was read from. */
  readonly other?: Readonly<Record<string, string>>;
}

/** Names in NERSC headers; XML of Grid and of this program has the same ones in lower case. */
const KEYS = {
  ENSEMBLE_ID: "ensembleId",
  ENSEMBLE_LABEL: "ensembleLabel",
  SEQUENCE_NUMBER: "sequenceNumber",
  CREATOR: "creator",
  CREATOR_HARDWARE: "creatorHardware",
  CREATION_DATE: "creationDate",
  ARCHIVE_DATE: "archiveDate",
} as const satisfies Record<string, keyof Provenance>;

/** Provenance from the keys of a header; keys that only describe the data are left out. */
export function provenanceOf(keys: Readonly<Record<string, string>>, describing: (key: string) => boolean): Provenance {
  const known: Record<string, string> = {};
  const other: [string, string][] = [];
  for (const [key, value] of Object.entries(keys)) {
    if (Object.hasOwn(KEYS, key)) {
      if (value !== "") known[KEYS[key as keyof typeof KEYS]] = value;
    } else if (!describing(key)) other.push([key, value]);
  }
  return { ...known, ...(other.length > 0 ? { other: Object.fromEntries(other) } : {}) };
}

/** The keys and texts of a header, those of the ensemble first; texts are printable and on one line. */
export function provenanceKeys(p: Provenance): [key: string, text: string][] {
  const own = Object.entries(KEYS).flatMap(([key, name]): [string, string][] => (p[name] === undefined ? [] : [[key, p[name]]]));
  const other = Object.entries(p.other ?? {}).filter(([key]) => /^[\w.-]{1,60}$/.test(key) && !Object.hasOwn(KEYS, key));
  return [...own, ...other].map(([key, text]) => [key, printable(text).slice(0, 400)]);
}

/** True when the file names an ensemble or its number: what a reader would miss. */
export function namesEnsemble(p: Provenance): boolean {
  guard("namesEnsemble", { p: [p, is.object] });
  return [p.ensembleId, p.ensembleLabel].some((text) => text !== undefined) || Number(p.sequenceNumber ?? 0) !== 0;
}

/** As XML, for records of LIME files. */
export function provenanceXml(p: Provenance): string {
  const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const known = new Set(Object.keys(KEYS));
  const elements = provenanceKeys(p).map(([key, text]) => (known.has(key) ? `<${key.toLowerCase()}>${escaped(text)}</${key.toLowerCase()}>` : `<entry key="${key}">${escaped(text)}</entry>`));
  return `<?xml version="1.0" encoding="UTF-8"?><provenance>${elements.join("")}</provenance>`;
}

/** Reads what `provenanceXml` wrote, and the same elements of Grid's header. */
export function provenanceFromXml(text: string, element: (text: string, name: string) => string | undefined): Provenance {
  const plain = (x: string): string => x.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const keys: Record<string, string> = {};
  for (const key of Object.keys(KEYS)) {
    const value = element(text, key.toLowerCase());
    if (value) keys[key] = plain(value);
  }
  for (const m of text.matchAll(/<entry key="([\w.-]{1,60})">([^<>]*)<\/entry>/g)) keys[m[1]!] = plain(m[2]!);
  return provenanceOf(keys, () => false);
}
