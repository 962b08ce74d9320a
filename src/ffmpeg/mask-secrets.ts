// A greedy tail: a password may hold almost any character, and hiding too much is the harmless mistake.
const urlPattern = /\b([a-z][a-z0-9+.-]*):\/\/([^\s'"<>]+)/gi;
const credentials = /^.*@/;
const query = /\?.*$/;
// In `rtmp://host/app/key` the last part is what lets somebody publish.
const streamKey = /\/[^/?]+(\?.*)?$/;

/**
 * The same text with every URL in it reduced to what may be shown: no user and password, no query (tokens, passphrases),
 * no RTMP stream key.
 */
export function maskSecrets(text: string): string {
  return text.replace(
    urlPattern,
    (_url, scheme: string, rest: string) => `${scheme}://${mask(scheme, rest)}`,
  );
}

function mask(scheme: string, rest: string): string {
  const isRtmp = scheme.toLowerCase().startsWith('rtmp');
  const place = rest.replace(credentials, '***@').replace(query, '?***');
  return isRtmp && place.includes('/') ? place.replace(streamKey, '/***') : place;
}
