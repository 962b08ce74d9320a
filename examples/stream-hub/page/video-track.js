/**
 * @import { CodecConfig, CodedFrame } from './flv-codec.js'
 */

// A viewer that joins gets up to a whole group of pictures at once, so a long queue alone is no trouble as long as it
// drains. Above the first limit the next keyframe is a chance to catch up; above the second nothing else is left.
const catchUpQueue = 30;
const maxQueue = 600;
// Frames inside the decoder whose arrival is remembered, to measure the delay.
const maxArrivals = 128;

/** Decodes H.264 frames with WebCodecs. After any trouble it starts afresh with the next keyframe. */
export class VideoTrack {
  framesDecoded = 0;
  framesSkipped = 0;
  resets = 0;
  errors = 0;
  #onFrame;
  #onUnsupported;
  /** @type {VideoDecoderConfig | null} */
  #config = null;
  /** @type {VideoDecoder | null} */
  #decoder = null;
  #needsKeyframe = true;
  /** Arrival by timestamp. @type {Map<number, number>} */
  #arrivals = new Map();

  /**
   * @param {{ onFrame: (frame: VideoFrame, arrivedAtMs: number) => void, onUnsupported: (codec: string) => void }} handlers
   */
  constructor({ onFrame, onUnsupported }) {
    this.#onFrame = onFrame;
    this.#onUnsupported = onUnsupported;
  }

  /** Codec name with profile and level, or `null` before the stream has told it. */
  get codec() {
    return this.#config?.codec ?? null;
  }

  /** @param {CodecConfig} config */
  configure({ codec, description }) {
    // After a restart of the server's side the headers come again; most often they are the same.
    if (this.#config !== null && sameBytes(/** @type {Uint8Array} */ (this.#config.description), description))
      return;
    this.#release();
    const config = { codec, description: description.slice(), optimizeForLatency: true };
    this.#config = config;
    this.#refuseIfUnsupported(config);
  }

  /**
   * @param {CodedFrame} frame
   * @param {number} timestampMs decoding time
   */
  decode(frame, timestampMs) {
    if (this.#config === null || frame.data.length === 0) return;
    if (this.#isBehind(frame.isKeyframe)) this.#restart();
    if (this.#needsKeyframe && !frame.isKeyframe) {
      this.framesSkipped++;
      return;
    }
    this.#submit(frame, (timestampMs + frame.offsetMs) * 1000);
  }

  /** Frees the decoder and forgets the stream. */
  close() {
    this.#release();
    this.#config = null;
  }

  /** @param {boolean} isKeyframe */
  #isBehind(isKeyframe) {
    const queued = this.#decoder?.decodeQueueSize ?? 0;
    return queued > (isKeyframe ? catchUpQueue : maxQueue);
  }

  /**
   * @param {CodedFrame} frame
   * @param {number} timestamp in microseconds
   */
  #submit({ isKeyframe, data }, timestamp) {
    try {
      this.#decoder ??= this.#open();
      this.#rememberArrival(timestamp);
      this.#decoder.decode(new EncodedVideoChunk({ type: isKeyframe ? 'key' : 'delta', timestamp, data }));
      this.#needsKeyframe = false;
    } catch {
      // A frame that calls itself a keyframe and is none, or a decoder that just failed: the next keyframe decides.
      this.#fail();
    }
  }

  #open() {
    const decoder = new VideoDecoder({
      output: (frame) => this.#deliver(frame),
      error: () => this.#fail(),
    });
    decoder.configure(/** @type {VideoDecoderConfig} */ (this.#config));
    return decoder;
  }

  /** @param {VideoFrame} frame */
  #deliver(frame) {
    this.framesDecoded++;
    const arrivedAtMs = this.#arrivals.get(frame.timestamp) ?? performance.now();
    this.#arrivals.delete(frame.timestamp);
    this.#onFrame(frame, arrivedAtMs);
  }

  /** @param {number} timestamp */
  #rememberArrival(timestamp) {
    if (this.#arrivals.size >= maxArrivals) this.#arrivals.clear();
    this.#arrivals.set(timestamp, performance.now());
  }

  #restart() {
    this.resets++;
    this.#release();
  }

  #fail() {
    this.errors++;
    this.#release();
  }

  #release() {
    if (this.#decoder !== null && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    this.#needsKeyframe = true;
    this.#arrivals.clear();
  }

  /** @param {VideoDecoderConfig} config */
  async #refuseIfUnsupported(config) {
    const answer = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (!answer.supported && this.#config === config) this.#onUnsupported(config.codec);
  }
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
