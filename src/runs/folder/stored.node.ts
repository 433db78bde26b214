/** What folders of runs hold, for those who take links from there. */
export { isRun, readState } from "./folder.ts";
