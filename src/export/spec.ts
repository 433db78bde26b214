/** What an exported library is, for all of its files. */
import type { Portable } from "./portable.ts";
import type { ExportParameter, ExportSubject } from "./subject.ts";

/** A field that the host sets. */
export interface HostField {
  readonly name: string;
  /** Kind and conditions, for people. */
  readonly text: string;
  /** Real numbers at a site. */
  readonly components: number;
  readonly domain: "all" | "even" | "odd";
  /** What its data obey at every site: matrices of the algebra, unit vectors. */
  readonly constraint: "none" | "algebra" | "unit";
}

export interface LibrarySpec {
  /** Prefix of all names, an identifier of C. */
  readonly name: string;
  readonly subject: ExportSubject;
  /** Name of the subject, fit for comments. */
  readonly title: string;
  readonly portable: Portable;
  readonly dim: number;
  readonly N: number;
  readonly group: string;
  readonly generators: number;
  /** Names of the directions. */
  readonly axes: readonly string[];
  readonly parameters: readonly ExportParameter[];
  readonly fields: readonly HostField[];
  /** What is asked of the extents, one clause each. */
  readonly bounds: readonly string[];
  readonly version: string;
  /** Kernels for a device, as CUDA C++. */
  readonly device: boolean;
}
