/**
 * The server of the live page: 127.0.0.1 only, a random token in the address, GET only, and a check of the Host header, so that no page of
 * another site can reach it (DNS rebinding). Pages are told by server-sent events what has changed.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../../errors.ts";
import { embeddedSvg } from "../html.ts";
import { slicePlot } from "../slices.ts";
import { contentSecurityPolicy, livePage } from "./page.ts";
import { type LiveMessage, type LiveView, type RenderedView, difference, render } from "./view.ts";

/** Options of {@link liveServer}. */
export interface LiveServerOptions {
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** First view. */
  readonly view: LiveView;
}

/** A server that runs. */
export interface LiveServer extends AsyncDisposable {
  /** Address with the token. */
  readonly url: string;
  /** Brings this view to every open page. */
  show(view: LiveView): void;
  /** Number of open pages. */
  readonly pages: number;
}

const MOST_PAGES = 16;
/** Bytes that a page may lag behind before it is cut off; it connects again. */
const MOST_LAG = 32 << 20;
const HEARTBEAT_MS = 15_000;

/** Of every answer. */
const HEADERS = {
  "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin", "Content-Security-Policy": contentSecurityPolicy,
} as const;

/** Starts a server. @throws UsageError when the port is not free. */
export async function liveServer({ port = 0, view }: LiveServerOptions): Promise<LiveServer> {
  const token = randomBytes(18).toString("base64url");
  const pages = new Set<ServerResponse>();
  let shown: RenderedView = render(view);

  const server = createServer((request, response) => answer(request, response));
  server.requestTimeout = 10_000;
  await listening(server, port);
  const own = (server.address() as AddressInfo).port;
  const hosts = new Set([`127.0.0.1:${own}`, `localhost:${own}`]);
  const heartbeat = setInterval(() => pages.forEach((p) => p.write(":\n\n")), HEARTBEAT_MS);

  function answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (!hosts.has(request.headers.host ?? "")) return refuse(response, 403, "this server answers to 127.0.0.1 only");
    if (request.method !== "GET") {
      response.setHeader("Allow", "GET");
      return refuse(response, 405, "only GET");
    }
    const address = request.url ?? "/";
    if (!address.startsWith("/") || !URL.canParse(address, "http://127.0.0.1")) return refuse(response, 400, "not an address");
    const { pathname, searchParams } = new URL(address, "http://127.0.0.1");
    const [, given = "", ...rest] = pathname.split("/");
    if (!equal(given, token)) return refuse(response, 404, "not found: the address has a token, which gaugegrad serve printed");
    const path = rest.join("/");
    if (rest.length === 0) return void response.writeHead(308, { Location: `/${token}/` }).end();
    if (path === "") return void response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(livePage(shown.view.title));
    if (path === "events") return listen(request, response);
    if (path === "slice") return slice(response, searchParams);
    refuse(response, 404, "not found");
  }

  function listen(request: IncomingMessage, response: ServerResponse): void {
    if (pages.size >= MOST_PAGES) return refuse(response, 503, `${MOST_PAGES} pages are open, close one`);
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    pages.add(response);
    request.on("close", () => pages.delete(response));
    send(response, shown.whole);
  }

  function send(page: ServerResponse, message: LiveMessage): void {
    if (page.writableLength > MOST_LAG) {
      pages.delete(page);
      page.destroy();
      return;
    }
    page.write(`event: view\ndata: ${JSON.stringify(message)}\n\n`);
  }

  function slice(response: ServerResponse, query: URLSearchParams): void {
    const stack = shown.view.stacks.find((s) => s.id === query.get("stack"));
    const text = query.get("at") ?? "";
    const position = text === "" ? [] : text.split(",").map((p) => (/^\d{1,6}$/.test(p) ? Number(p) : -1));
    const rest = stack?.extents.slice(2) ?? [];
    if (!stack || position.length !== rest.length || position.some((p, k) => p < 0 || p >= rest[k]!)) return refuse(response, 404, "no such slice");
    const svg = embeddedSvg(slicePlot(stack, position, shown.ranges.get(stack.id)), "slice");
    response.writeHead(200, { "Content-Type": "image/svg+xml; charset=utf-8" }).end(svg);
  }

  return {
    url: `http://127.0.0.1:${own}/${token}/`,
    get pages() {
      return pages.size;
    },
    show(next) {
      const before = shown;
      shown = render(next, before);
      const message = difference(before.whole, shown.whole);
      if (message) for (const page of pages) send(page, message);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat);
      for (const page of pages) page.end();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @throws UsageError when the port is not free. */
function listening(server: Server, port: number): Promise<void> {
  return new Promise<void>((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => fail(error.code === "EADDRINUSE" || error.code === "EACCES" ? new UsageError(`serve: port ${port} cannot be used (${error.code}), expected a free one: give another --port, or 0 for any`) : error));
    server.listen(port, "127.0.0.1", done);
  });
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

function equal(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
