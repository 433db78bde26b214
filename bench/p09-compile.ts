/** P9: seconds to record, differentiate and compile the action of two CASK layers, on a new lattice each time; native from an empty cache and from a full one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LinkField, type Links, cask, chain, closedFormLinks, gaugeAction, lattice, record, valueAndGrad } from "gaugegrad";
import { type Row, bounded, main, median, started } from "./harness.ts";
import { type Backend, backends } from "./works.ts";

const layer = { rho: 0.1, rhoQ: 0.1, rhoK: 0.1, rhoV: 0.1 };

function seconds(b: Backend): number {
  const U = closedFormLinks(lattice([4, 4, 4, 4], b.options), 3, 0.7) as LinkField;
  // a new action each time: nothing recorded before is found again
  const S = gaugeAction.wilson({ beta: 6 }).after(chain(cask(layer), cask(layer)) as never);
  const begin = performance.now();
  record((V: Links) => valueAndGrad((W: Links) => S.evaluate(W as never, S.inputs as never))(V) as never, U);
  return (performance.now() - begin) / 1000;
}

export function rows(): Row[] {
  return backends().flatMap((b): Row[] => {
    const row: Row = { target: "P9", work: "2-layer CASK, compile", lattice: "4x4x4x4", variant: b.name, against: "seconds" };
    if (b.name !== "native") return [{ ...row, ...bounded(median(Array.from({ length: 5 }, () => seconds(b))), "<=", 1) }];
    const kept = process.env["GAUGEGRAD_CACHE"];
    const cache = mkdtempSync(join(tmpdir(), "gaugegrad-cache-"));
    process.env["GAUGEGRAD_CACHE"] = cache;
    const cold = seconds(b);
    const warm = median(Array.from({ length: 3 }, () => seconds(b)));
    if (kept === undefined) delete process.env["GAUGEGRAD_CACHE"];
    else process.env["GAUGEGRAD_CACHE"] = kept;
    rmSync(cache, { recursive: true, force: true });
    return [{ ...row, variant: "native, first time", ...bounded(cold, "<=", 5) }, { ...row, variant: "native, cached", ...bounded(warm, "<=", 1) }];
  });
}

if (started(import.meta.url)) await main(rows);
