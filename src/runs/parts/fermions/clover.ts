/** Clover fermions: Wilson fermions with the term of Sheikholeslami and Wohlert. */
import { z } from "zod";
import { wilson as operator } from "../../../fermions/index.ts";
import { fermion } from "../part.ts";
import { fieldsOf, given, spinorProblem } from "./options.ts";
import { wilsonOptions } from "./wilson.ts";

export const clover = fermion({
  name: "clover",
  options: z.strictObject({ ...wilsonOptions, csw: z.number().default(1).describe("coefficient c_SW; 1 at tree level") }),
  build: ({ kappa, csw, over, evenOdd = false, ...options }, context) => {
    const D = (k: number) => operator({ kappa: k, clover: csw, evenOdd, ...given(options) });
    return fieldsOf(D(kappa), over === undefined ? undefined : D(over), options, context);
  },
  problem: spinorProblem,
  describe: ({ flavours, kappa, csw }) => `${flavours} clover flavours, κ = ${kappa}, c_SW = ${csw}`,
  starter: "flavours = 2                # 1 needs interval = [low, high] around the spectrum of D^+D\nkappa = 0.12                # 1/(2m + 8)\ncsw = 1.0                   # 1 at tree level",
});
