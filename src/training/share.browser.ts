/** A page has all samples of a batch: the name of `share.node.ts`, which says so. */
import { ConfigurationError } from "../errors.ts";
import type { evaluateShared as shared } from "./share.node.ts";

export type { Share } from "./share.node.ts";

/** @throws ConfigurationError always. */
export const evaluateShared: typeof shared = () => {
  throw new ConfigurationError("share: got a browser, expected Node to deal samples: leave it out");
};
