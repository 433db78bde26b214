/** The live page. */
export { type LiveServer, type LiveServerOptions, liveServer } from "./server.ts";
export type { LiveView, NamedSection } from "./view.ts";
