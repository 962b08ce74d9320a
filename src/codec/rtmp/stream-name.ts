/** A name that a peer sent, taken apart at its first question mark. */
export interface NameAndQuery {
  /** What stands before the question mark. */
  readonly name: string;
  /** What stands behind it, further question marks included; empty when there is none. */
  readonly query: string;
}

/** Splits `key?token=1` or a `tcUrl`. It never fails: encoders send text here that no URL parser accepts. */
export function splitQuery(text: string): NameAndQuery {
  const mark = text.indexOf('?');
  if (mark < 0) return { name: text, query: '' };
  return { name: text.slice(0, mark), query: text.slice(mark + 1) };
}

/** The name without slashes at its end, which a URL typed as `rtmp://host/live/` leaves there. */
export function trimSlashes(name: string): string {
  let end = name.length;
  while (name[end - 1] === '/') end--;
  return name.slice(0, end);
}
