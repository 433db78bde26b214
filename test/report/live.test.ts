/** The server of the live page: who may ask for what, and what pages are told. */
import { type IncomingHttpHeaders, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { type LiveServer, type LiveView, type SliceStack, liveServer } from "../../src/report/index.ts";
import { hostile, parsePage, parseSvg, texts } from "./helpers.ts";

const stack: SliceStack = { id: "action", name: "Density", values: Array.from({ length: 48 }, (_, n) => n), extents: [3, 2, 2, 4], axes: ["x", "y", "z", "t"], diverging: false, caption: "c" };
const view = (n: number, more: Partial<LiveView> = {}): LiveView => ({
  title: "A run", subtitle: "SU(2)", progress: `trajectory ${n}`,
  sections: [{ id: "state", heading: "State", keyValues: { done: n } }, { id: "fixed", heading: "Fixed", text: "always the same" }],
  stacks: [stack], stacksAfter: "state", stacksVersion: 1, ...more,
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(url: string, options: { method?: string; host?: string; path?: string } = {}): Promise<Answer> {
  const { hostname, port, pathname, search } = new URL(url);
  return new Promise((done, fail) => {
    const r = request({ hostname, port, path: options.path ?? `${pathname}${search}`, method: options.method ?? "GET", headers: options.host === undefined ? {} : { host: options.host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (t: string) => (body += t)).on("end", () => done({ status: response.statusCode!, headers: response.headers, body }));
    });
    r.on("error", fail).end();
  });
}

/** Messages of an event stream, one at a time. */
async function* messages(url: string, signal: AbortSignal): AsyncGenerator<{ progress: string; order: string[]; fragments: Record<string, string>; stacks: { version: number } | null }> {
  const response = await fetch(`${url}events`, { signal });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  let text = "";
  for await (const piece of response.body!) {
    text += Buffer.from(piece).toString();
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = /^event: view\ndata: (.*)$/.exec(text.slice(0, end));
      text = text.slice(end + 2);
      if (event) yield JSON.parse(event[1]!);
    }
  }
}

describe("live server", () => {
  let server: LiveServer;
  beforeAll(async () => {
    server = await liveServer({ view: view(1) });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("the page: on 127.0.0.1, with a token, a strict policy and nothing from elsewhere", async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/$/);
    const { status, headers, body } = await ask(server.url);
    expect(status).toBe(200);
    const policy = headers["content-security-policy"] as string;
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'; connect-src 'self';/);
    expect(policy).not.toContain("unsafe");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(body).not.toMatch(/https?:\/\/|\bon\w+=|style="/);
    expect(parsePage(body).querySelector("h1")!.textContent).toBe("A run");
  });

  test.each([["POST"], ["PUT"], ["DELETE"], ["OPTIONS"], ["PATCH"], ["HEAD"]])("%s is 405", async (method) => {
    const { status, headers } = await ask(server.url, { method });
    expect([status, headers["allow"]]).toEqual([405, "GET"]);
  });

  test.each([["/"], ["/x/"], ["/AAAAAAAAAAAAAAAAAAAAAAAA/"], ["/AAAAAAAAAAAAAAAAAAAAAAAA/events"], ["/favicon.ico"]])("%s without the token is 404", async (path) => {
    const { status, body } = await ask(server.url, { path });
    expect(status).toBe(404);
    expect(body).not.toContain(new URL(server.url).pathname.slice(1, -1));
  });

  test.each([["evil.example"], ["127.0.0.1"], ["127.0.0.1:1"], ["localhost.evil.example"]])("Host %s is 403", async (host) => {
    expect((await ask(server.url, { host })).status).toBe(403);
  });
  test("localhost with the port is the same server", async () => {
    expect((await ask(server.url, { host: `localhost:${new URL(server.url).port}` })).status).toBe(200);
  });

  test("addresses that are none, and paths that are not there", async () => {
    expect((await ask(server.url, { path: "//" })).status).toBe(400);
    expect((await ask(server.url, { path: "http://evil.example/" })).status).toBe(400);
    expect((await ask(`${server.url}other`)).status).toBe(404);
    expect((await ask(`${server.url}../../etc/passwd`)).status).toBe(404);
    expect((await ask(server.url.slice(0, -1))).status).toBe(308);
  });

  test("slices", async () => {
    const { status, headers, body } = await ask(`${server.url}slice?stack=action&at=1,3&version=1`);
    expect([status, headers["content-type"]]).toEqual([200, "image/svg+xml; charset=utf-8"]);
    expect(texts(parseSvg(body))).toContain("Density, z = 1, t = 3");
    expect(body).not.toContain("style=");
    for (const query of ["", "stack=action", "stack=action&at=1", "stack=action&at=2,0", "stack=action&at=-1,0", "stack=action&at=1,3,0", "stack=other&at=1,3", "stack=action&at=a,b", "stack=__proto__&at=0,0"])
      expect((await ask(`${server.url}slice?${query}`)).status).toBe(404);
  });

  test("a page gets everything at first, then what changed", async () => {
    const stop = new AbortController();
    const stream = messages(server.url, stop.signal);
    const next = async () => (await stream.next()).value!;
    const first = await next();
    expect(first).toMatchObject({ progress: "trajectory 1", order: ["state", "fields", "fixed"], stacks: { version: 1 } });
    expect(Object.keys(first.fragments)).toEqual(["state", "fixed"]);
    expect(server.pages).toBe(1);
    server.show(view(1));
    server.show(view(2));
    const second = await next();
    expect(second).toMatchObject({ progress: "trajectory 2", stacks: null });
    expect(Object.keys(second.fragments)).toEqual(["state"]);
    server.show(view(2, { stacksVersion: 2, sections: [...view(2).sections, { id: "more", heading: hostile, text: hostile }] }));
    const third = await next();
    expect(third).toMatchObject({ order: ["state", "fields", "fixed", "more"].toSpliced(0, 0, ...(third.order[0] === "contents" ? ["contents"] : [])), stacks: { version: 2 } });
    expect(third.fragments["more"]).not.toMatch(/<script|<img/);
    stop.abort();
  });

  test("a port that is taken", async () => {
    const port = Number(new URL(server.url).port);
    await expect(liveServer({ port, view: view(1) })).rejects.toThrow(UsageError);
    await expect(liveServer({ port, view: view(1) })).rejects.toThrow(/port \d+ cannot be used \(EADDRINUSE\), expected a free one/);
  });

  test("two servers have different tokens; a disposed one is gone, with pages open", async () => {
    const other = await liveServer({ view: view(1) });
    expect(new URL(other.url).pathname).not.toBe(new URL(server.url).pathname);
    const stream = messages(other.url, new AbortController().signal);
    await stream.next();
    await other[Symbol.asyncDispose]();
    await expect(ask(other.url)).rejects.toThrow(/ECONNREFUSED/);
  });
});
