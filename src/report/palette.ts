/** Colours of the plots: readable on white and on near-black, and apart from each other for every common colour vision. */
import * as Plot from "#platform/report/plot";

/** How one series is drawn. Dash and symbol repeat what the colour says, for print in grey and for colour-blind readers. */
export interface SeriesStyle {
  readonly stroke: string;
  readonly dash: string | undefined;
  readonly symbol: "circle" | "square" | "triangle" | "diamond" | "star" | "cross";
}

/**
 * Six colours of medium luminance: contrast at least 3 to white and to a dark page at the same time, and pairwise
 * distinct in simulated protanopia, deuteranopia and tritanopia.
 */
export const seriesColours = ["#6753bd", "#bb360a", "#48a297", "#d67d1a", "#b576fe", "#8e5172"] as const;

const dashes = [undefined, "7 3", "2 3", "9 3 2 3", "12 4", "4 2"] as const;
const symbols = ["circle", "square", "triangle", "diamond", "star", "cross"] as const;

/** Style of series number `index`; from the seventh on colours return with another dash. */
export function seriesStyle(index: number): SeriesStyle {
  const colour = index % seriesColours.length;
  const round = Math.floor(index / seriesColours.length);
  return { stroke: seriesColours[colour]!, dash: dashes[(colour + round) % dashes.length], symbol: symbols[(colour + round) % symbols.length]! };
}

/** `levels` colours from the lowest value to the highest: viridis, or blue-white-red for signed quantities. */
export function colourLevels(levels: number, diverging: boolean): string[] {
  const scale = Plot.scale({ color: { type: "linear", domain: [0, 1], scheme: diverging ? "BuRd" : "viridis" } });
  // Hexadecimal keeps a heat map of thousands of cells small.
  return Array.from({ length: levels }, (_, i) => hex(String(scale.apply((i + 0.5) / levels))));
}

function hex(colour: string): string {
  const parts = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour);
  return parts === null ? colour : `#${parts.slice(1).map((p) => Number(p).toString(16).padStart(2, "0")).join("")}`;
}
