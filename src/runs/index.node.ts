/** Runs room in Node: all of it. */
export * from "./index.ts";
