// What only live sources use. Over HTTP come films and cameras alike, and a film must not begin anew.
const liveProtocols = /^(rtsps?|rtmp(e|s|t|te|ts)?|srt|udp|s?rtp|tcp):/i;

/** Whether a source that ended in good order is one whose server only restarts. */
export function isLiveUrl(url: string): boolean {
  return liveProtocols.test(url);
}
