/** Flow layers of stored configurations against tabulated numbers of the Wilson flow. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import { type LinkField, energyDensity, flowLayer } from "gaugegrad";
import { readGauge } from "gaugegrad/io";
import { expectClose, plaquetteOf } from "./fields.ts";

const reference = fileURLToPath(new URL("../../../../shared/reference/", import.meta.url));

test("flow layers of stored configurations", () => {
  const numbers = JSON.parse(readFileSync(`${reference}configurations.json`, "utf8")) as Record<string, { numbers: Record<string, number> }>;
  const half = flowLayer({ time: 0.05, steps: 5 });
  for (const file of ["gaugefields_jl/conf_00000100_4444nc2.ildg", "latticeqcd_jl/HMC_quenched_su3_L4_b5.7.ildg", "latticeqcd_jl/HMC_quenched_su4_L4_b5.7.ildg"]) {
    const { U } = readGauge(`${reference}configs/${file}`);
    const V = Array.from({ length: 2 }).reduce<LinkField>((W) => half.apply(W), U);
    expectClose(plaquetteOf(V), numbers[file]!.numbers["t0.10_plaq"]!, 1e-11);
    expectClose(energyDensity(V).clover, numbers[file]!.numbers["t0.10_Eclov"]!, 1e-10);
  }
});
