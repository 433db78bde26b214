/** Options that the gauge actions share. */
import { z } from "zod";

export const beta = z.number().describe("2N/g0^2; for U(1) the coefficient of 1 - cos theta");
