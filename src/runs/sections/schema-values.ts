/** Values that several sections of a run file are made of. */
import { z } from "zod";

/** 1, 2, 3, ... */
export const count = z.int().min(1);
/** 0, 1, 2, ... */
export const whole = z.int().min(0);
export const positive = z.number().gt(0);
export const nonNegative = z.number().min(0);
export const seed = z.int().min(0);
/** Text that is not empty. */
export const name = z.string().min(1);
