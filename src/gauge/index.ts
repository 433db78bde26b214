/** Gauge room: lattices, groups, links, loops, actions, Dirac operators, flow, observables. */
export { lattice, type LatticeOptions } from "./lattice.ts";
export { type Group, SU, U1, algebraElement, groupOf, parseGroup } from "./group.ts";
export { closedFormLinks, directionField, exponentialLinks } from "./closed-form.ts";
export { type Path, parsePath, pathProduct, pathText, plaquette, staple, staples } from "./loops.ts";
export { type Action, GaugeAction, type Smearing, action } from "./action.ts";
export { gaugeAction, plaquetteSum, rectangleSum } from "./gauge-action.ts";
