/** What lattices that are divided over ranks need besides. */
export { localLayout, partOf } from "../../backend/index.ts";
export { gatherSites, writeGhosts } from "./gather.ts";
export { type Crossing, type Ranks, crossingOf, ranksOf } from "./crossing.ts";
export { type Chunks, type Places, StepExchange } from "./exchange.ts";
export { BoxSites } from "../host-sites.ts";
export { Halos, needsOf, withHalos } from "./halos.ts";
export { RankSums } from "./rank-sums.ts";
