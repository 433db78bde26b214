/** The observables of run files. */
export { plaquette } from "./plaquette.ts";
export { planes } from "./planes.ts";
export { rectangle } from "./rectangle.ts";
export { polyakov } from "./polyakov.ts";
export { linkTrace } from "./link-trace.ts";
export { energy } from "./energy.ts";
export { charge } from "./charge.ts";
export { condensate } from "./condensate.ts";
export { pion } from "./pion.ts";
export { forces } from "./forces.ts";
export { wilsonLoops } from "./wilson-loops.ts";
export { overlapSpectrum } from "./overlap-spectrum.ts";
export { mesons } from "./mesons.ts";
export { pcac } from "./pcac.ts";
export { residualMass } from "./residual-mass.ts";
export { eigenvalues } from "./eigenvalues.ts";
