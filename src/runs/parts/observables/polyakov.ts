/** The Polyakov loop in time, 1/N normalised. */
import { polyakovLoops } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none } from "./options.ts";

const LABELS: Readonly<Record<string, string>> = { "|polyakov|": "|Polyakov loop|", "polyakov.re": "Re Polyakov loop", "polyakov.im": "Im Polyakov loop" };

export const polyakov = observable({
  name: "polyakov",
  options: none,
  measure: (U) => {
    const [re, im] = polyakovLoops(U)["t"]!;
    // traces of SU(2) are real
    return { "polyakov.re": re, ...(U.N === 2 ? {} : { "polyakov.im": im }), "|polyakov|": Math.hypot(re, im) };
  },
  label: (value) => LABELS[value],
  starter: "polyakov",
});
