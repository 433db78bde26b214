/** Site fields of the last configuration: densities of action and topological charge on the thin and on flowed links, attention of a CASK network. */
import { type LinkField, scope } from "../../autograd/index.ts";
import { type LatticeOptions, actionDensity, cold, geometricChargeDensity, gradientFlow, groupOf, lattice as makeLattice, topologicalChargeDensity } from "../../gauge/index.ts";
import type { Layer } from "../../models/index.ts";
import { parameterSpace } from "../../util/index.ts";
import type { ReportFigure } from "../html.ts";
import type { NamedSection } from "../live/view.ts";
import { type SliceStack, largestPosition, slicePlot, stackRange } from "../slices.ts";
import { numberText } from "../text.ts";
import { type CheckpointState, type NetworkPart, type RunConfiguration, builtIn, networkOf } from "#platform/runs/index";

/** Options of {@link fieldsOf}. */
export interface FieldOptions {
  /** Flow time of the smoothed densities; 0: none. */
  readonly flowTime: number;
  readonly engine?: LatticeOptions;
}

/** Size of the attention of one pair of joined links over the lattice. */
export interface AttentionSize {
  readonly block: number;
  /** As `CaskLayer.attention` names it. */
  readonly name: string;
  readonly mean: number;
  readonly rms: number;
  readonly largest: number;
}

/** Site fields of one configuration. */
export interface FieldView {
  /** Trajectories before it. */
  readonly position: number;
  readonly densities: readonly SliceStack[];
  /** The strongest maps. */
  readonly attention: readonly SliceStack[];
  readonly attentionSizes: readonly AttentionSize[];
  /** What cannot be shown, one sentence each. */
  readonly notes: readonly string[];
}

const FLOW_STEP = 0.05;
const MOST_MAPS = 4;

/** Fields of a checkpoint. */
export function fieldsOf(state: CheckpointState, configuration: RunConfiguration, { flowTime, engine }: FieldOptions): FieldView {
  const U = cold(makeLattice(state.extents, engine), groupOf(state.group));
  U.set(state.links);
  // matter alone has links that are 1
  const linked = configuration.action !== undefined || !configuration.matter;
  const densities = linked ? densitiesOf(U, "") : [];
  const steps = Math.round(flowTime / FLOW_STEP);
  if (linked && steps > 0)
    scope(() => {
      const V = U.clone();
      gradientFlow({ action: "wilson", step: flowTime / steps }).advance(V, steps);
      densities.push(...densitiesOf(V, `, flow time ${numberText(flowTime)}`));
    });
  return { position: state.position, densities, ...attentionOf(U, state, configuration) };
}

function densitiesOf(U: LinkField, suffix: string): SliceStack[] {
  const { lattice, N } = U;
  const common = { extents: lattice.extents, axes: lattice.extents.map((_, mu) => lattice.axis(mu)) };
  const flowed = suffix === "" ? "" : "-flowed";
  const action: SliceStack = { ...common, id: `action${flowed}`, name: `Action density${suffix}`, values: actionDensity(U), diverging: false, caption: `Sum over the planes of 1 − Re tr P(x) / N${suffix}.` };
  const charge = lattice.dim === 4 && N > 1 ? topologicalChargeDensity(U) : lattice.dim === 2 && N === 1 ? geometricChargeDensity(U) : undefined;
  if (!charge) return [action];
  const total = numberText(charge.reduce((s, q) => s + q, 0), 4);
  const method = lattice.dim === 4 ? "q(x) by the clover" : "q(x) = arg U_P / 2π";
  return [action, { ...common, id: `charge${flowed}`, name: `Topological charge density${suffix}`, values: charge, diverging: true, caption: `${method}${suffix}; sum over the lattice: Q = ${total}.` }];
}

/** Attention of a run whose network is CASK, with its weights as they stand. */
function attentionOf(U: LinkField, state: CheckpointState, { network }: RunConfiguration): Pick<FieldView, "attention" | "attentionSizes" | "notes"> {
  // a network of the user's own has no maps that are known here
  if (!network || network.module !== undefined) return { attention: [], attentionSizes: [], notes: [] };
  let layer: Layer<number, unknown>;
  let part: NetworkPart | undefined;
  try {
    const built = networkOf(network, U.lattice, U.N, builtIn);
    layer = built.layer;
    part = builtIn.find("network", built.name);
  } catch (error) {
    // a model file or a module may have been moved since the run
    return { attention: [], attentionSizes: [], notes: [`The network of the run cannot be built, so its attention is not shown: ${(error as Error).message}.`] };
  }
  const prefix = "network.";
  const theta = (state.parameters?.names ?? []).flatMap((name, k) => (name === "network" || name.startsWith(prefix) ? [state.parameters!.values[k]!] : []));
  const space = parameterSpace(layer.parameters);
  const trained = theta.length === space.size ? layer.with(space.unflatten(theta)) : layer;
  const maps = (part?.maps?.(trained, U) ?? []).map((map) => ({ ...map, values: map.field.toArray() }));
  const several = maps.some((map) => map.block > 0);
  const sizes = maps.map(({ block, name, values }): AttentionSize => {
    let [sum, square, largest] = [0, 0, 0];
    for (const a of values) [sum, square, largest] = [sum + a, square + a * a, Math.max(largest, Math.abs(a))];
    return { block, name, mean: sum / values.length, rms: Math.sqrt(square / values.length), largest };
  });
  const { lattice } = U;
  const strongest = sizes.map((size, k) => ({ size, ...maps[k]! })).sort((a, b) => b.size.rms - a.size.rms).slice(0, MOST_MAPS);
  return {
    notes: [],
    attentionSizes: sizes,
    attention: strongest.map(({ block, name, values, caption }, k) => ({
      id: `attention-${k}`, name: `Attention ${name}${several ? `, block ${block + 1}` : ""}`, values, extents: lattice.extents,
      axes: lattice.extents.map((_, mu) => lattice.axis(mu)), diverging: true, caption,
    })),
  };
}

/** One slice of every density, through the site with the largest action density after the flow. */
export function fieldSections({ position, densities, attention, attentionSizes, notes }: FieldView, slices: boolean): NamedSection[] {
  const through = largestPosition(densities.find((s) => s.id === "action-flowed") ?? densities[0]!);
  const figure = (stack: SliceStack, range?: readonly [number, number]): ReportFigure => ({ svg: slicePlot(stack, through, range), caption: stack.caption });
  const where = densities[0]!.extents.length === 2 ? "" : ` The slices go through the site with the largest action density${densities.some((s) => s.id === "action-flowed") ? " after the flow" : ""}; colours cover the whole lattice.`;
  const flowed = densities.some((s) => s.id === "action-flowed") ? " The densities on the links themselves are dominated by fluctuations at the cutoff; the Wilson flow smooths them over the radius √(8t)." : "";
  const fields: NamedSection[] = slices ? [{ id: "slices", heading: "Last configuration", text: `Links after ${position} trajectories.${flowed}${where}${notes.map((n) => `\n\n${n}`).join("")}`, figures: densities.map((s) => figure(s)) }] : [];
  if (attentionSizes.length === 0) return fields;
  const shared = attention.map((s) => stackRange(s)[1]).reduce((m, v) => Math.max(m, v), 0);
  const several = attentionSizes.some((s) => s.block > 0);
  return [
    ...fields,
    {
      id: "attention",
      heading: "Attention",
      text: `Attention weights of the CASK network on the last configuration, ${slices ? "largest maps first; colours are common to all maps" : "with the weights of the last checkpoint"}.`,
      ...(slices ? { figures: attention.map((s) => figure(s, [-shared, shared])) } : {}),
      table: {
        header: [...(several ? ["block"] : []), "joined links", "mean", "r.m.s.", "largest size"],
        rows: attentionSizes.map((s) => [...(several ? [String(s.block + 1)] : []), s.name.replace("-", "−"), numberText(s.mean, 3), numberText(s.rms, 3), numberText(s.largest, 3)]),
        note: "x+2y: the weight of a link along x for the link two steps above along y; x−2y: below.",
      },
    },
  ];
}
