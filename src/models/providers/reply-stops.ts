// Stop texts looked for here, where a server does not take them: the reply ends before the first of them, as if it had
// stopped there.

import type { Reply } from "../specification.ts";

/** The reply as far as the first of the stops. */
export const cutAtStops = (reply: Reply, stops: readonly string[]): Reply => {
  const places = stops
    .map((stop) => (stop === "" ? -1 : reply.text.indexOf(stop)))
    .filter((place) => place >= 0);
  if (places.length === 0) return reply;
  const text = reply.text.slice(0, Math.min(...places));
  return { ...reply, text, finish: text.trim() === "" ? "empty" : "stop" };
};
