// Greedy: a password may hold almost any character, and hiding too much is the harmless mistake. The scheme is bounded,
// because the text is ffmpeg's and may be long.
const urlInText = /\b([a-z][a-z0-9+.-]{0,31}):\/\/((?:[^\s/]*@)?[^\s'"<>]+)/gi;
const wholeUrl = /([a-z][a-z0-9+.-]{0,31}):\/\/(.*)/is;
const credentials = /^.*@/s;
const query = /([?#]).*$/s;
// In `rtmp://host/app/key` the last part is what lets somebody publish.
const streamKey = /\/[^/?#]+\/*([?#].*)?$/;

/**
 * The same text with every URL in it reduced to what may be shown: no user and password, no query (tokens, passphrases),
 * no RTMP stream key.
 *
 * @param known - URLs that may stand in it. They are found also when blanks and quotes hide where they end.
 */
export function maskSecrets(text: string, known: readonly string[] = []): string {
  const shown = known.reduce((rest, url) => rest.replaceAll(url, () => maskUrl(url)), text);
  return shown.replace(urlInText, replaceUrl);
}

/** The same for a text that is one URL, up to its last character. */
export function maskUrl(url: string): string {
  return url.replace(wholeUrl, replaceUrl);
}

function replaceUrl(_url: string, scheme: string, rest: string): string {
  return `${scheme}://${mask(scheme, rest)}`;
}

function mask(scheme: string, rest: string): string {
  const isRtmp = scheme.toLowerCase().startsWith('rtmp');
  const place = rest.replace(credentials, '***@').replace(query, '$1***');
  return isRtmp && place.includes('/') ? place.replace(streamKey, '/***') : place;
}
