/// <reference types="node" preserve="true" />
/** The report room: plots as SVG, the HTML report, progress on the terminal. */
export { type Autocorrelation, type AutocorrelationPlotOptions, autocorrelationPlot } from "./autocorrelation.ts";
export { type Generated, type Report, type ReportFigure, type ReportTable, type Section, htmlReport } from "./html.ts";
export { Figure, figure } from "./figure.ts";
export { flowReport } from "./flow.ts";
export { type HeatmapPlotOptions, heatmapPlot } from "./heatmap.ts";
export { type Histogram, type HistogramPlotOptions, histogram, histogramPlot } from "./histogram.ts";
export {
  type Chain, type Cloud, type HistoryPlotOptions, type LinePlotOptions, type PlotSize, type Reference, type ScatterPlotOptions, type Series,
  historyPlot, linePlot, scatterPlot,
} from "./plots.ts";
export { type LiveServer, type LiveServerOptions, type LiveView, type NamedSection, liveServer } from "#platform/report/live/index";
export { seriesColours, seriesStyle } from "./palette.ts";
export { type SliceStack, largestPosition, slicePlot, stackRange } from "./slices.ts";
export { type Progress, type ProgressOptions, type ProgressStream, progress } from "#platform/report/terminal";
export { durationText, escapeHtml, numberText, plainText } from "./text.ts";
export { reportHtml, resultText, rowsOf } from "#platform/report/quickstart";
export { csvRows, measurementText, summaryTable } from "./measurement.ts";
export { chainSections } from "./run/chains.ts";
export { type FieldView, fieldsOf } from "./run/fields.ts";
export { generatedOf, headingOf, sectionsOf } from "./run/page.ts";
export { positionOf, stateText } from "./run/state.ts";
