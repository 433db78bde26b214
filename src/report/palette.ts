/** Colours of the plots: readable on white and on near-black, and apart from each other for every common colour vision. */

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

/** Viridis of Smith and van der Walt, and blue-white-red of ColorBrewer, at the middles of 64 equal steps: six hexadecimal digits a colour. */
const VIRIDIS = "450457460a5d471063481668481b6d482071482576472a7a472f7d463480443983433e854142873f47883e4c8a3c508b3a548c38598c365d8d34618d32658e30698e2e6d8e2d718e2b748e2a788e287c8e27808e25838e24878e228b8d218f8d20928c1f968b1f9a8a1f9e891fa18721a58523a98326ad812ab07f2fb47c35b7793bbb7542be714ac16d52c5695ac86463cb5f6ccd5a75d0547fd34e89d54893d7419dd93ba8db34b2dd2dbddf26c8e020d2e21bdde318e7e419f1e51dfbe723";
const BLUE_RED = "0734670c3d7210457e144d891955931e5d9c2265a4276dab2d74b1327cb63983bb408abf4892c25199c65ba1ca66a8ce71afd27cb7d687bdda93c4de9dcae1a8d0e4b2d5e7bbdae9c4deeccce2eed4e6f0dbe9f1e1ecf2e7eef2eceff1f0f0eff3efecf6ede8f8eae2f9e6dbfae2d4fbdcccfad6c3facfb9f9c8aff8c0a5f6b89bf4af91f1a588ee9c7eeb9275e7876ce27d64de725cd96755d35c4ece5148c84642c23c3cbc3237b42933ac212fa31a2c9914298f0e26840a247806226d0220";

/** 64 colours from the lowest value to the highest: viridis, or blue-white-red for signed quantities. */
export function colourLevels(diverging: boolean): string[] {
  return (diverging ? BLUE_RED : VIRIDIS).match(/.{6}/g)!.map((hex) => `#${hex}`);
}
