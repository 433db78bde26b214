/** What a live page shows, and the fragments of HTML that the page is made of. */
import { contentsHtml, sectionHtml, type Section } from "../html.ts";
import { type SliceStack, stackRange } from "../slices.ts";

/** A section with a name that stays when others come and go: letters, digits, `-`. */
export interface NamedSection extends Section {
  readonly id: string;
}

/** State of a page. */
export interface LiveView {
  readonly title: string;
  readonly subtitle?: string;
  /** One line, such as `trajectory 120 of 400`. */
  readonly progress: string;
  readonly sections: readonly NamedSection[];
  /** Site fields for the sliders, which stand behind this section, or at the end. */
  readonly stacksAfter?: string;
  readonly stacks: readonly SliceStack[];
  /** Another number when the fields are others. */
  readonly stacksVersion: number;
}

/** A stack without its numbers, for the controls of the page. */
interface StackInfo {
  readonly id: string;
  readonly name: string;
  readonly caption: string;
  readonly extents: readonly number[];
  readonly axes: readonly string[];
}

/** A message to a page: fragments that have changed, in the order of all. */
export interface LiveMessage {
  readonly title: string;
  readonly subtitle: string;
  readonly progress: string;
  readonly order: readonly string[];
  readonly fragments: { readonly [id: string]: string };
  /** null: the same fields as before. */
  readonly stacks: { readonly version: number; readonly list: readonly StackInfo[] } | null;
}

/** Identifier of the section with the sliders, which the page has from the start. */
export const FIELDS = "fields";

/** A view as HTML. */
export interface RenderedView {
  readonly view: LiveView;
  /** Colour ranges of the stacks. */
  readonly ranges: ReadonlyMap<string, readonly [number, number]>;
  /** Everything, for a page that opens. */
  readonly whole: LiveMessage;
}

export function render(view: LiveView, before?: RenderedView): RenderedView {
  const named = view.sections.map(({ id, heading }) => ({ id, heading }));
  const after = named.findIndex((s) => s.id === view.stacksAfter);
  if (view.stacks.length > 0) named.splice(after < 0 ? named.length : after + 1, 0, { id: FIELDS, heading: "Fields of the last configuration" });
  const contents = contentsHtml(named);
  const parts = [...(contents === "" ? [] : [["contents", contents] as const]), ...view.sections.map((s) => [s.id, sectionHtml(s, s.id)] as const)];
  const same = before?.view.stacksVersion === view.stacksVersion;
  return {
    view,
    ranges: same ? before.ranges : new Map(view.stacks.map((s) => [s.id, stackRange(s)])),
    whole: {
      title: view.title,
      subtitle: view.subtitle ?? "",
      progress: view.progress,
      order: [...(contents === "" ? [] : ["contents"]), ...named.map((s) => s.id)],
      fragments: Object.fromEntries(parts),
      stacks: { version: view.stacksVersion, list: view.stacks.map(({ id, name, caption, extents, axes }) => ({ id, name, caption, extents, axes })) },
    },
  };
}

/** What a page that shows `before` needs to show `after`; undefined when that is nothing. */
export function difference(before: LiveMessage, after: LiveMessage): LiveMessage | undefined {
  const fragments = Object.fromEntries(Object.entries(after.fragments).filter(([id, html]) => before.fragments[id] !== html));
  const stacks = before.stacks?.version === after.stacks?.version ? null : after.stacks;
  const same = before.title === after.title && before.subtitle === after.subtitle && before.progress === after.progress && before.order.join() === after.order.join();
  return same && stacks === null && Object.keys(fragments).length === 0 ? undefined : { ...after, fragments, stacks };
}
