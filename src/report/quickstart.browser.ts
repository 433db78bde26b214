/** The quickstart is a command of Node, and so are its pages: the names of `quickstart.node.ts`, which say so. */
import { BackendError } from "../errors.ts";
import type { Generated } from "./html.ts";
import type { Row } from "./quickstart.node.ts";
import type { QuickstartResult } from "#platform/runs/index";

export type { Row } from "./quickstart.node.ts";

const refused = (): never => {
  throw new BackendError("quickstart: got a browser, expected Node: the report of a quickstart is made there");
};

/** @throws BackendError always. */
export const rowsOf = (_result: QuickstartResult): Row[] => refused();
/** @throws BackendError always. */
export const resultTable = (_result: QuickstartResult): never => refused();
/** @throws BackendError always. */
export const verdict = (_result: QuickstartResult): string => refused();
/** @throws BackendError always. */
export const resultText = (_result: QuickstartResult): string => refused();
/** @throws BackendError always. */
export const reportHtml = (_result: QuickstartResult, _generated: Generated): string => refused();
