/**
 * The script of the live page, as text: it runs in browsers only. It listens to the server, exchanges the sections that changed, and asks for
 * slices. Markup comes from this server alone and is parsed, never written into the page as code.
 */
export const clientScript = `
"use strict";
const byId = (id) => document.getElementById(id);
const [sections, fields, picker, plot, caption] = ["sections", "fields", "stack", "slice", "slice-caption"].map(byId);
const sliders = [0, 1].map((k) => ({ row: byId("row-" + k), name: byId("name-" + k), input: byId("at-" + k), text: byId("text-" + k) }));
let stacks = { version: -1, list: [] };
let asked = 0;

const focusable = (node) => [...node.querySelectorAll("a[href], [tabindex]")];
function exchange(old, fresh) {
  const at = focusable(old).indexOf(document.activeElement);
  const scrolled = [...old.querySelectorAll(".scroll, pre")].map((e) => e.scrollLeft);
  old.replaceWith(fresh);
  [...fresh.querySelectorAll(".scroll, pre")].forEach((e, k) => { e.scrollLeft = scrolled[k] || 0; });
  if (at >= 0) { const next = focusable(fresh)[at]; if (next) next.focus({ preventScroll: true }); }
}
function show(message) {
  document.title = message.title;
  byId("title").textContent = message.title;
  byId("subtitle").textContent = message.subtitle;
  byId("progress").textContent = message.progress;
  for (const [id, html] of Object.entries(message.fragments)) {
    const box = document.createElement("div");
    box.dataset.part = id;
    box.append(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    const old = sections.querySelector('[data-part="' + id + '"]');
    if (old) exchange(old, box); else sections.append(box);
  }
  for (const box of [...sections.children]) if (box !== fields && !message.order.includes(box.dataset.part)) box.remove();
  message.order.forEach((id, k) => {
    const box = sections.querySelector('[data-part="' + id + '"]');
    if (box && sections.children[k] !== box) sections.insertBefore(box, sections.children[k] || null);
  });
  if (message.stacks) choose(message.stacks);
}
function choose(next) {
  const chosen = picker.value;
  const names = (list) => list.map((s) => s.id + s.name).join();
  const others = names(next.list) !== names(stacks.list);
  stacks = next;
  fields.hidden = stacks.list.length === 0;
  if (others) {
    picker.replaceChildren(...stacks.list.map((s) => new Option(s.name, s.id)));
    if (stacks.list.some((s) => s.id === chosen)) picker.value = chosen;
  }
  draw();
}
async function draw() {
  const stack = stacks.list.find((s) => s.id === picker.value);
  if (!stack) return;
  sliders.forEach(({ row, name, input, text }, k) => {
    const size = stack.extents[k + 2];
    row.hidden = size === undefined;
    if (size === undefined) return;
    input.max = size - 1;
    name.textContent = "slice along " + stack.axes[k + 2];
    const label = stack.axes[k + 2] + " = " + input.value;
    text.textContent = label;
    input.setAttribute("aria-valuetext", label);
  });
  caption.textContent = stack.caption;
  const position = stack.extents.slice(2).map((_, k) => sliders[k].input.value).join(",");
  const ticket = ++asked;
  const answer = await fetch("slice?stack=" + encodeURIComponent(stack.id) + "&at=" + position + "&version=" + stacks.version).catch(() => undefined);
  if (!answer || !answer.ok || ticket !== asked) return;
  const drawing = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  if (ticket === asked && drawing.localName === "svg") plot.replaceChildren(document.importNode(drawing, true));
}
picker.addEventListener("change", draw);
sliders.forEach(({ input }) => input.addEventListener("input", draw));

const connection = byId("connection");
const say = (text) => { if (connection.textContent !== text) connection.textContent = text; };
const source = new EventSource("events");
source.addEventListener("open", () => say("live"));
source.addEventListener("error", () => say(source.readyState === 2 ? "ended: the server is gone" : "connection lost, trying again"));
source.addEventListener("view", (event) => show(JSON.parse(event.data)));
`.trim();
