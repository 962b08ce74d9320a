/**
 * @import { CodecConfig, CodedFrame } from './flv-codec.js'
 */
import { readAacFormat } from './flv-codec.js';
import { SoundSchedule } from './sound-schedule.js';
import { sameBytes } from './video-track.js';

const maxQueue = 50; // About a second of AAC.
const maxFailures = 10;

/** Decodes AAC with WebCodecs and plays it while it is switched on. Switched off it costs nothing. */
export class SoundTrack {
  /** Why there is no sound although there could be, or `null`. @type {string | null} */
  problem = null;
  #isOn = false;
  /** @type {AudioDecoderConfig | null} */
  #config = null;
  /** @type {AudioDecoder | null} */
  #decoder = null;
  /** @type {SoundSchedule | null} */
  #schedule = null;
  #failures = 0;

  /** Numbers about what is heard. */
  get stats() {
    return { isOn: this.#isOn, ...(this.#schedule?.stats ?? { chunksPlayed: 0, resyncs: 0, leadMs: 0 }) };
  }

  /** Call it from a click or a key press: browsers let a page make sound only then. */
  switchOn() {
    this.#isOn = true;
    this.#failures = 0;
    this.#openSchedule();
  }

  /** Frees decoder and audio output. */
  switchOff() {
    this.#isOn = false;
    this.#release();
  }

  /** @param {CodecConfig} config */
  configure({ codec, description }) {
    if (this.#config !== null && sameBytes(/** @type {Uint8Array} */ (this.#config.description), description))
      return;
    this.#release();
    this.#config = { codec, description: description.slice(), ...readAacFormat(description) };
    this.problem = null;
    this.#failures = 0;
    if (this.#isOn) this.#openSchedule();
  }

  /**
   * @param {CodedFrame} frame
   * @param {number} timestampMs
   */
  decode({ data }, timestampMs) {
    if (this.#schedule === null || this.#config === null || this.#failures >= maxFailures) return;
    // What does not drain is not played in time either: dropping it makes the schedule start anew.
    if ((this.#decoder?.decodeQueueSize ?? 0) > maxQueue) return;
    try {
      this.#decoder ??= this.#openDecoder(this.#config, this.#schedule);
      this.#decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: timestampMs * 1000, data }));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Frees everything and forgets the stream. Whether it is switched on stays. */
  close() {
    this.#release();
    this.#config = null;
  }

  #openSchedule() {
    if (this.#config !== null) this.#schedule ??= new SoundSchedule(this.#config.sampleRate);
  }

  /**
   * @param {AudioDecoderConfig} config
   * @param {SoundSchedule} schedule
   */
  #openDecoder(config, schedule) {
    const decoder = new AudioDecoder({
      output: (data) => schedule.play(data),
      error: (error) => this.#fail(error),
    });
    decoder.configure(config);
    return decoder;
  }

  /** The next packet tries again with a new decoder, a few times. @param {unknown} error */
  #fail(error) {
    this.#failures++;
    this.problem = error instanceof Error ? error.message : String(error);
    this.#releaseDecoder();
  }

  #release() {
    this.#releaseDecoder();
    this.#schedule?.close();
    this.#schedule = null;
  }

  #releaseDecoder() {
    if (this.#decoder !== null && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }
}
