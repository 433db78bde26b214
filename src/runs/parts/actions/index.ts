/** The gauge actions of run files. */
export { wilson } from "./wilson.ts";
export { symanzik } from "./symanzik.ts";
export { iwasaki } from "./iwasaki.ts";
export { dbw2 } from "./dbw2.ts";
export { anisotropic } from "./anisotropic.ts";
export { loops } from "./loops.ts";
