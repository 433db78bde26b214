/** What lattices that are divided over ranks need besides. */
export { localLayout } from "../backend/index.ts";
export { type Places, StepExchange } from "./exchange.ts";
export { Halos, needsOf, withHalos } from "./halos.ts";
export { RankSums } from "./rank-sums.ts";
