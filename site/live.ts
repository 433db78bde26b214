/** Programs in pages: an editor, a worker that runs them, what they print, and errors at their line. */
import { javascript } from "@codemirror/lang-javascript";
import { HighlightStyle, defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { tags } from "@lezer/highlight";
import { EditorView, basicSetup } from "codemirror";
import { handOver, picture, start } from "./thread.ts";

const button = (section: Element, name: string): HTMLButtonElement => section.querySelector<HTMLButtonElement>(`button.${name}`)!;

async function packed(code: string): Promise<string> {
  const bytes = new Uint8Array(await new Response(new Blob([code]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer());
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function unpacked(text: string): Promise<string> {
  const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
}

/** The usual colours, but for one that is too faint on white: template strings. */
const colours = syntaxHighlighting(HighlightStyle.define([...defaultHighlightStyle.specs, { tag: [tags.regexp, tags.escape, tags.special(tags.string)], color: "#b4330a" }]));

function enliven(section: HTMLElement, code: string): void {
  const [output, state] = [section.querySelector<HTMLElement>(".output")!, section.querySelector<HTMLElement>(".state")!];
  const [run, stop, share] = [button(section, "run"), button(section, "stop"), button(section, "share")];
  const place = section.querySelector(".code")!;
  const view = new EditorView({ doc: code, extensions: [basicSetup, colours, javascript({ typescript: true }), EditorView.lineWrapping, EditorView.updateListener.of((u) => void (u.docChanged && u.view.dom.style.removeProperty("height"))), EditorView.contentAttributes.of({ "aria-label": `Code: ${section.getAttribute("aria-label")}` })] });
  // the editor takes the place of the text, until something is written in it
  if (code !== "") view.dom.style.height = `${place.getBoundingClientRect().height}px`;
  place.replaceWith(view.dom);
  let end = (): void => {};
  const finish = (text: string): void => {
    state.textContent = text;
    handOver(stop, run);
  };
  const print = (text: string, kind = "line"): void => {
    const line = document.createElement("div");
    line.className = kind;
    line.textContent = text;
    output.append(line);
  };
  run.onclick = () => {
    end();
    output.replaceChildren();
    view.dispatch(setDiagnostics(view.state, []));
    state.textContent = "running";
    handOver(run, stop);
    end = start({ kind: "run", code: view.state.doc.toString() }, (m) => {
      if (m.kind === "line") print(m.text);
      else if (m.kind === "plot") output.append(picture(m.svg, "plot of the program"));
      else if (m.kind === "done") {
        if (!output.hasChildNodes()) print("nothing was printed: console.log shows values here");
        finish(`done in ${m.seconds.toFixed(1)} s`);
      }
      else if (m.kind === "failed") {
        print(m.line === undefined ? m.text : `line ${m.line}: ${m.text}`, "error");
        if (m.line !== undefined && m.line <= view.state.doc.lines) {
          const { from, to } = view.state.doc.line(m.line);
          view.dispatch(setDiagnostics(view.state, [{ from, to, severity: "error", message: m.text }]), { effects: EditorView.scrollIntoView(from) });
        }
        finish("failed");
      }
    });
  };
  stop.onclick = () => {
    end();
    finish("stopped");
  };
  share.onclick = async () => {
    const url = new URL(location.href);
    // one page shows code of links
    url.pathname = url.pathname.replace(/[^/]*$/, "");
    url.href = new URL(`${document.documentElement.dataset["root"] ?? ""}examples.html`, url).href;
    url.hash = `code=${await packed(view.state.doc.toString())}`;
    history.replaceState(null, "", location.pathname.endsWith("examples.html") ? url.hash : location.href);
    await navigator.clipboard?.writeText(url.href).catch(() => {});
    const link = document.createElement("a");
    link.href = url.href;
    link.textContent = "link to this code";
    state.replaceChildren(link);
  };
}

const given = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
for (const section of document.querySelectorAll<HTMLElement>("section.live")) {
  const code = section.querySelector("code")!.textContent!;
  if (section.id !== "shared") enliven(section, code);
  else if (given === undefined) section.hidden = true;
  else
    unpacked(given).then((text) => {
      enliven(section, text);
      section.scrollIntoView();
    }, () => void (section.querySelector(".output")!.textContent = "the link carries no code that can be read"));
}
