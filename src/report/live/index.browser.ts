/** A page cannot serve others: the names of `index.node.ts`. */
import { BackendError } from "../../errors.ts";
import type { LiveServer, LiveServerOptions } from "./index.node.ts";

export type { LiveServer, LiveServerOptions, LiveView, NamedSection } from "./index.node.ts";

/** @throws BackendError always. */
export function liveServer(_options: LiveServerOptions): Promise<LiveServer> {
  throw new BackendError("liveServer: got a browser, expected Node: run gaugegrad serve DIR, and show sections of htmlReport here");
}
