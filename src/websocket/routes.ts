/** What an address asks for. */
export type Route =
  | { readonly kind: 'flv'; readonly stream: string }
  | { readonly kind: 'viewers'; readonly follow: readonly string[]; readonly images: 'binary' | 'json' }
  | { readonly kind: 'streamer'; readonly stream: string };

/** Where what is. */
export interface RoutePaths {
  readonly viewersPath: string;
  /** `undefined` when nobody may publish. */
  readonly streamersPath: string | undefined;
}

const flvSuffix = '.flv';

/** Reads the target of a request; `undefined` when it is for somebody else. A badly escaped name is the empty name. */
export function readRoute(target: string | undefined, paths: RoutePaths): Route | undefined {
  const [path = '', query = ''] = splitOnce(target ?? '', '?');
  if (path === paths.viewersPath) return readViewers(new URLSearchParams(query));
  const { streamersPath } = paths;
  if (streamersPath !== undefined && path.startsWith(streamersPath))
    return { kind: 'streamer', stream: decode(path.slice(streamersPath.length)) };
  if (path.startsWith('/') && path.endsWith(flvSuffix))
    return { kind: 'flv', stream: decode(path.slice(1, -flvSuffix.length)) };
  return undefined;
}

function readViewers(query: URLSearchParams): Route {
  const images = query.get('images') === 'json' ? 'json' : 'binary';
  return { kind: 'viewers', follow: query.getAll('stream').filter((name) => name !== ''), images };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}
