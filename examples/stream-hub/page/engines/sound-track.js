/**
 * @import { CodedSound, SoundConfig } from '../codec/flv-codec.js'
 * @import { SoundFormat } from '../codec/sound-format.js'
 */
import { isSameFormat } from '../codec/sound-format.js';
import { SoundSchedule } from './sound-schedule.js';

const maxQueue = 50; // About a second of AAC.
const maxFailures = 10;

/** Decodes sound with WebCodecs and plays it while it is switched on. Switched off it costs nothing. */
export class SoundTrack {
  /** Why there is no sound although there could be, or `null`. @type {string | null} */
  problem = null;
  #isOn = false;
  /** @type {SoundFormat | null} */
  #format = null;
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

  /**
   * @param {SoundConfig | CodedSound} content
   * @param {number} timestampMs
   */
  take(content, timestampMs) {
    if (content.format !== null) this.#configure(content.format);
    if (content.kind === 'frame') this.#decode(content.data, timestampMs);
  }

  /** Starts anew at the live edge. */
  dropToLive() {
    this.#releaseDecoder();
    this.#schedule?.drop();
  }

  /** Frees everything and forgets the stream. Whether it is switched on stays. */
  close() {
    this.#release();
    this.#format = null;
  }

  /** @param {SoundFormat} format */
  #configure(format) {
    if (isSameFormat(this.#format, format)) return;
    this.#release();
    this.#format = { ...format, description: format.description.slice() };
    this.problem = null;
    this.#failures = 0;
    if (this.#isOn) this.#openSchedule();
  }

  /**
   * @param {Uint8Array} data
   * @param {number} timestampMs
   */
  #decode(data, timestampMs) {
    if (this.#schedule === null || this.#format === null || this.#failures >= maxFailures) return;
    // What does not drain is not played in time either: dropping it makes the schedule start anew.
    if ((this.#decoder?.decodeQueueSize ?? 0) > maxQueue) return;
    try {
      this.#decoder ??= this.#openDecoder(this.#format, this.#schedule);
      this.#decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: timestampMs * 1000, data }));
    } catch (error) {
      this.#fail(error);
    }
  }

  #openSchedule() {
    if (this.#format !== null) this.#schedule ??= new SoundSchedule(this.#format.sampleRate);
  }

  /**
   * @param {SoundFormat} format
   * @param {SoundSchedule} schedule
   */
  #openDecoder(format, schedule) {
    const decoder = new AudioDecoder({
      output: (data) => schedule.play(data),
      error: (error) => this.#fail(error),
    });
    decoder.configure(decoderConfig(format));
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

/** @param {SoundFormat} format */
function decoderConfig({ fourCc, codec, sampleRate, channels, description }) {
  return {
    codec: fourCc === '.mp3' ? 'mp3' : codec,
    sampleRate,
    numberOfChannels: channels,
    ...(description.length > 0 ? { description } : {}),
  };
}
