/** Starts the worker of the site from memory. */
import type { ToPage, ToWorker } from "./messages.ts";

const root = document.documentElement.dataset["root"] ?? "";
let url: Promise<string> | undefined;

function source(): Promise<string> {
  return (url ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = `${root}worker.js`;
    script.onload = () => done(URL.createObjectURL(new Blob([(globalThis as unknown as { gaugegradWorker: string }).gaugegradWorker], { type: "text/javascript" })));
    script.onerror = () => fail(new Error("worker.js cannot be loaded: keep the files of the site together"));
    document.head.append(script);
  }));
}

/** A job in a worker of its own; the returned function ends it. */
export function start(message: ToWorker, hear: (message: ToPage) => void): () => void {
  let [worker, stopped]: [Worker | undefined, boolean] = [undefined, false];
  source().then(
    (at) => {
      if (stopped) return;
      worker = new Worker(at);
      worker.onmessage = ({ data }: MessageEvent<ToPage>) => hear(data);
      worker.onerror = (e) => hear({ kind: "failed", text: e.message });
      worker.postMessage(message);
    },
    (e: Error) => hear({ kind: "failed", text: e.message }),
  );
  return () => {
    stopped = true;
    worker?.terminate();
  };
}

/** Disables one of two buttons and enables the other, which takes the focus over: a disabled one would lose it. */
export function handOver(from: HTMLButtonElement, to: HTMLButtonElement): void {
  to.disabled = false;
  if (document.activeElement === from) to.focus();
  from.disabled = true;
}

/** A plot with its own colours, as a picture. */
export function picture(svg: string, label: string): HTMLImageElement {
  const image = new Image();
  image.alt = label;
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  return image;
}
