/**
 * @import { StreamInfo } from './changes.js'
 */

import { byId, setText, setTone } from './dom.js';
import {
  asNumber,
  formatBitrate,
  formatCount,
  formatDuration,
  formatKnown,
  formatRate,
  unknown,
} from './format.js';
import { RateMeter } from './rate-meter.js';
import { Sparkline } from './sparkline.js';

/** @typedef {ReturnType<import('../player/player.js').Player['stats']>} PlayerStats */

/** @type {Record<string, string>} */
const codecNames = {
  ...{ avc1: 'H.264', hvc1: 'H.265', av01: 'AV1', vp09: 'VP9', jpeg: 'JPEG', 'png ': 'PNG', webp: 'WebP' },
  ...{ mp4a: 'AAC', '.mp3': 'MP3' },
};

/** @type {Record<string, string>} */
const playerNames = { webcodecs: 'WebCodecs', mse: 'MediaSource', image: 'Images' };

/** The live numbers of the stream that is shown. */
export class Facts {
  #shown = new RateMeter();
  #shownCurve = new Sparkline();
  #bitrateCurve = new Sparkline();
  #isPlaying = false;

  constructor() {
    byId('curve-shown').append(this.#shownCurve.node);
    byId('curve-bitrate').append(this.#bitrateCurve.node);
  }

  /** Forgets the stream so far. */
  reset() {
    this.#shown = new RateMeter();
    this.#shownCurve.clear();
    this.#bitrateCurve.clear();
  }

  /** What the page measures itself; call it a few times a second. @param {PlayerStats} stats */
  renderPlayer(stats) {
    this.#shown.sample(performance.now(), stats.framesShown);
    const isPlaying = stats.phase === 'playing';
    this.#isPlaying = isPlaying;
    setText(byId('fact-shown'), formatRate(isPlaying ? this.#shown.perSecond : null));
    setText(byId('fact-size'), isPlaying && stats.width > 0 ? `${stats.width} × ${stats.height}` : unknown);
    setText(byId('fact-delay'), isPlaying ? formatDuration(stats.delayMs) : unknown);
    setText(byId('fact-latency'), formatDuration(stats.latencyMs));
    setText(byId('fact-trip'), formatDuration(stats.roundTripMs));
    setText(byId('fact-player'), playerNames[stats.player] ?? unknown);
    setText(byId('fact-missed'), formatCount(stats.missed));
    setTone(byId('fact-missed'), stats.missed > 0 ? 'warn' : 'idle');
  }

  /** What the server tells; call it with every answer. @param {StreamInfo | undefined} stream */
  renderStream(stream) {
    const bitrate = bitrateOf(stream);
    setText(byId('fact-in'), formatRate(stream?.video?.fps));
    setText(byId('fact-bitrate'), formatBitrate(bitrate));
    setText(byId('fact-viewers'), formatCount(stream?.viewers));
    setText(byId('fact-codec'), codecText(stream));
    setText(
      byId('fact-keyframes'),
      formatKnown(stream?.video?.keyframeIntervalMs, (ms) => `every ${formatDuration(ms)}`),
    );
    setText(byId('fact-uptime'), formatDuration(stream?.uptimeMs));
    setText(
      byId('fact-age'),
      formatKnown(stream?.lastFrameAgeMs, (ms) => `${formatDuration(ms)} ago`),
    );
    setText(byId('fact-skipped'), formatCount(stream?.skippedItems));
    setText(byId('fact-restarts'), formatCount(stream?.restarts));
    this.#renderTones(stream);
    this.#shownCurve.push(this.#shown.perSecond ?? 0);
    this.#bitrateCurve.push(bitrate ?? 0);
  }

  /** A number that asks for attention gets a colour, and only then. @param {StreamInfo | undefined} stream */
  #renderTones(stream) {
    const shown = this.#isPlaying ? this.#shown.perSecond : null;
    const incoming = asNumber(stream?.video?.fps);
    const isSlow = shown !== null && incoming !== null && shown < incoming * 0.85;
    setTone(byId('fact-shown'), isSlow ? 'warn' : 'idle');
    setTone(byId('fact-age'), (asNumber(stream?.lastFrameAgeMs) ?? 0) > 2_000 ? 'warn' : 'idle');
    setTone(byId('fact-skipped'), (asNumber(stream?.skippedItems) ?? 0) > 0 ? 'warn' : 'idle');
    setTone(byId('fact-restarts'), (asNumber(stream?.restarts) ?? 0) > 0 ? 'warn' : 'idle');
  }
}

/**
 * Picture and sound together, in kbit/s.
 * @param {StreamInfo | undefined} stream
 */
function bitrateOf(stream) {
  const video = asNumber(stream?.video?.bitrateKbps);
  const audio = asNumber(stream?.audio?.bitrateKbps);
  return video === null && audio === null ? null : (video ?? 0) + (audio ?? 0);
}

/** @param {StreamInfo | undefined} stream */
function codecText(stream) {
  const codecs = [stream?.video?.codec, stream?.audio?.codec].filter((codec) => typeof codec === 'string');
  return codecs.map((codec) => codecNames[codec] ?? codec).join(' + ') || unknown;
}
