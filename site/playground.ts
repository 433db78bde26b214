/** The playground: training that can be watched, a configuration measured, a run's metrics as a report. */
import { linePlot, sectionsOf, slicePlot } from "gaugegrad/report";
import { type MetricsRecord, summaryOf, summaryText } from "gaugegrad/runs";
import type { Setup, Step } from "./messages.ts";
import { handOver, start } from "./thread.ts";

const $ = <E extends HTMLElement>(id: string): E => document.querySelector<E>(`#${id}`)!;
const [form, stop, state] = [$<HTMLFormElement>("setup"), $<HTMLButtonElement>("stop"), $("state")];
const sliders = [$<HTMLInputElement>("z"), $<HTMLInputElement>("t")];

let steps: Step[] = [];
const joined = $<HTMLSelectElement>("joined");

interface OnSites {
  readonly values: Float64Array;
  readonly extents: readonly number[];
}
let density: OnSites | undefined;
let attention: Step["attention"];
let lattice: readonly number[] = [];

/** Plots follow the colours of the page, so they are elements of it; they are made by this page from numbers. */
function draw(id: string, svg: string): void {
  $(id).innerHTML = svg;
}

const size = { width: 420, height: 260 };

/** The plane of the first two directions that the sliders choose. */
function drawSlice(id: string, name: string, { values, extents }: OnSites, diverging: boolean): void {
  const rest = extents.slice(2);
  const position = rest.map((L, k) => Math.min(Number(sliders[k]!.value), L - 1));
  sliders.forEach((s, k) => {
    s.disabled = k >= rest.length;
    if (rest[k]) s.max = String(rest[k] - 1);
  });
  const axes = extents.length === 2 ? ["x", "t"] : ["x", "y", "z", "t"];
  draw(id, slicePlot({ id, name, values, extents, axes, diverging, caption: "" }, position));
}

function drawSlices(): void {
  if (density) drawSlice("charge", "charge density", density, true);
  const values = attention?.[joined.value];
  if (values) drawSlice("attention", `attention ${joined.value}`, { values, extents: lattice }, false);
}

/** Attention weights of the newest trajectory; the first of them is shown until another is chosen. */
function takeAttention(maps: NonNullable<Step["attention"]>): void {
  if (!attention) {
    joined.replaceChildren(...Object.keys(maps).map((name) => Object.assign(document.createElement("option"), { textContent: name, value: name })));
    joined.disabled = false;
  }
  attention = maps;
}

function drawAll(): void {
  const series = (["thermalise", "train", "sample"] as const).flatMap((phase) => {
    const own = steps.filter((s) => s.phase === phase);
    return own.length > 0 ? [{ name: phase, x: own.map((s) => s.trajectory), y: own.map((s) => s.plaquette) }] : [];
  });
  draw("plaquette", linePlot({ ...size, series, title: "Plaquette", xLabel: "trajectory", yLabel: "plaquette" }));
  const trained = steps.filter((s) => s.loss !== undefined);
  draw("loss", linePlot({ ...size, series: [{ name: "1/2 (S_θ − S − E₀)²", x: trained.map((s) => s.trajectory), y: trained.map((s) => s.loss!) }], title: "Loss", xLabel: "trajectory", yLabel: "loss", logY: true }));
  drawSlices();
}

function acceptance(phase: Step["phase"]): string {
  const own = steps.filter((s) => s.phase === phase);
  return own.length === 0 ? "" : `; ${phase === "sample" ? "self-learning HMC" : phase}: ${own.filter((s) => s.accepted).length} of ${own.length} accepted`;
}

let end = (): void => {};
form.onsubmit = (event) => {
  event.preventDefault();
  end();
  const data = new FormData(form);
  const setup: Setup = { group: data.get("group") as Setup["group"], extents: String(data.get("lattice")).split(",").map(Number), layer: data.get("layer") as Setup["layer"], beta: Number(data.get("beta")), seed: Number(data.get("seed")) };
  steps = [];
  density = undefined;
  attention = undefined;
  lattice = setup.extents;
  for (const id of ["charge", "attention"]) draw(id, "");
  stop.disabled = false;
  state.textContent = "compiling";
  const close = start({ kind: "play", setup }, (m) => {
    if (m.kind === "failed") state.textContent = m.text;
    if (m.kind !== "step") return;
    steps.push(m);
    if (m.density) density = { values: m.density, extents: setup.extents };
    if (m.attention) takeAttention(m.attention);
    if (steps.length % 2 === 0 || steps.length < 10) drawAll();
    state.textContent = `trajectory ${m.trajectory + 1}${acceptance("train")}${acceptance("sample")}`;
  });
  end = () => {
    close();
    handOver(stop, form.querySelector<HTMLButtonElement>("button[type=submit]")!);
  };
};
stop.onclick = () => end();
for (const s of [...sliders, joined]) s.oninput = drawSlices;
// the place of the plots is taken from the beginning
drawAll();

function table(rows: readonly (readonly string[])[]): HTMLTableElement {
  const made = document.createElement("table");
  for (const row of rows) {
    const line = made.insertRow();
    row.forEach((text, k) => {
      const cell = document.createElement(k === 0 ? "th" : "td");
      cell.textContent = text;
      line.append(cell);
    });
  }
  return made;
}

/** A field for files and the area around it, where they can be dropped. */
function takes(input: string, area: string, use: (file: File) => void): void {
  const field = $<HTMLInputElement>(input);
  field.onchange = () => field.files?.[0] && use(field.files[0]);
  const place = $(area);
  place.ondragover = (e) => e.preventDefault();
  place.ondrop = (e) => {
    e.preventDefault();
    const file = e.dataTransfer?.files[0];
    if (file) use(file);
  };
}

takes("links", "drop-links", (file) => {
  const given = $<HTMLInputElement>("extents").value.split(",").map(Number);
  $("measured").textContent = `reading ${file.name}`;
  const close = start({ kind: "measure", file, ...(given.length > 1 ? { lattice: given } : {}) }, (m) => {
    if (m.kind === "failed") $("measured").textContent = m.text;
    if (m.kind === "measured") {
      $("measured").replaceChildren(table([["file", file.name], ...m.rows]));
      if (m.density && m.extents) {
        density = { values: m.density, extents: m.extents };
        drawSlices();
      }
    }
    close();
  });
});

takes("metrics", "drop-metrics", async (file) => {
  const place = $("report");
  try {
    const metrics = (await file.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line) as MetricsRecord);
    const pre = document.createElement("pre");
    pre.textContent = summaryText(summaryOf(metrics, null));
    place.replaceChildren(pre);
    const dimension = { lattice: { extents: [0, 0, 0, 0] }, group: "" } as never;
    const sections = sectionsOf({ folder: "", info: { schemaVersion: 1, command: "slhmc", configurationHash: "", version: "" }, configuration: dimension, configurationText: "", metrics, events: [], running: false, notes: [] }, undefined, false);
    for (const { heading, text, figures = [], table: rows } of sections.filter((s) => s.id !== "configuration" && s.id !== "summary")) {
      const title = document.createElement("h3");
      title.textContent = heading;
      place.append(title);
      if (text) place.append(Object.assign(document.createElement("p"), { textContent: text }));
      if (rows) place.append(table([rows.header, ...rows.rows].map((r) => r.map(String))));
      for (const { svg, caption } of figures) {
        const figure = document.createElement("figure");
        figure.innerHTML = svg;
        figure.append(Object.assign(document.createElement("figcaption"), { textContent: caption ?? "" }));
        place.append(figure);
      }
    }
  } catch (error) {
    place.append(Object.assign(document.createElement("p"), { className: "error", textContent: `${file.name}: ${(error as Error).message}` }));
  }
});
