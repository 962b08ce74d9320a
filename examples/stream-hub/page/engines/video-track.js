/**
 * @import { CodecConfig, CodedFrame } from '../codec/flv-codec.js'
 * @import { Picture } from './canvas-picture.js'
 */
import { sameBytes } from '../codec/sound-format.js';

// A viewer that joins gets up to a whole group of pictures at once, so a long queue alone is no trouble as long as it
// drains. Above the first limit the next keyframe is a chance to catch up; above the second nothing else is left.
const catchUpQueue = 30;
const maxQueue = 600;
// Frames inside the decoder whose arrival is remembered, to measure the delay.
const maxArrivals = 128;

// The other codecs tell everything in their keyframes, and a decoder that gets a description wants them in another form.
const fourCcsWithDescription = ['avc1', 'hvc1'];

/** Decodes frames with WebCodecs. After any trouble it starts afresh with the next keyframe. */
export class VideoTrack {
  framesDecoded = 0;
  framesSkipped = 0;
  resets = 0;
  errors = 0;
  #onFrame;
  #onUnsupported;
  /** @type {VideoDecoderConfig | null} */
  #config = null;
  /** The codec's header as it came. */
  #record = new Uint8Array();
  /** @type {VideoDecoder | null} */
  #decoder = null;
  #needsKeyframe = true;
  /** Arrival by timestamp. @type {Map<number, number>} */
  #arrivals = new Map();

  /**
   * @param {{ onFrame: (picture: Picture) => void, onUnsupported: (codec: string) => void }} handlers
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
  configure({ fourCc, codec, description }) {
    // After a restart of the server's side the headers come again; most often they are the same.
    if (this.#config?.codec === codec && sameBytes(this.#record, description)) return;
    this.#release();
    this.#record = description.slice();
    const config = {
      codec,
      optimizeForLatency: true,
      ...(fourCcsWithDescription.includes(fourCc) ? { description: this.#record } : {}),
    };
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
    this.#onFrame({
      source: frame,
      width: frame.displayWidth,
      height: frame.displayHeight,
      timestampMs: Math.round(frame.timestamp / 1_000) >>> 0,
      arrivedAtMs,
    });
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
