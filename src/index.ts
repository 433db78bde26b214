/** gaugegrad: everything public under one name; each room has an entry of its own as well. */
export * from "./autograd/index.ts";
export * from "./gauge/index.ts";
export * from "./models/index.ts";
