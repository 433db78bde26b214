/** What the three kinds of hypercubic smearing share. */
import { z } from "zod";
import { ConfigurationError } from "../../../errors.ts";
import type { AnyLayer, HypercubicParameters } from "../../../models/index.ts";
import { type NetworkPart, network } from "../part.ts";

/** A hypercubic layer with all three weights, or with the customary ones. */
export function hypercubic(name: string, title: string, layer: (weights?: HypercubicParameters) => AnyLayer): NetworkPart {
  return network({
    name,
    title,
    options: z.strictObject({ alpha1: z.number().optional(), alpha2: z.number().optional(), alpha3: z.number().optional() }),
    build: ({ alpha1, alpha2, alpha3 }) => {
      const given = [alpha1, alpha2, alpha3].filter((a) => a !== undefined).length;
      if (given === 0) return layer();
      if (given < 3) throw new ConfigurationError(`network ${name}: got ${given} of the weights, expected alpha1, alpha2 and alpha3, or none of them`);
      return layer({ alpha1: alpha1!, alpha2: alpha2!, alpha3: alpha3! });
    },
    cite: ["hep-lat/0103029"],
    starter: "alpha1 = 0.75\nalpha2 = 0.6\nalpha3 = 0.3",
  });
}
