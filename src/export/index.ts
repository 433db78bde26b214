/** Export room: recorded actions and layers as libraries for other codes. */
export { type Exported, type LibraryOptions, exportLibrary } from "./library.ts";
export type { Solver } from "./portable.ts";
export { type ExportSubject, placeOf, refusalOf, subjectOf } from "./subject.ts";
