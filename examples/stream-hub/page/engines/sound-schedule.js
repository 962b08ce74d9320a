// Sound is played this long after it came, which hides the unevenness of a network.
const targetLeadSeconds = 0.1;
// More than this late against the picture is heard, so the schedule drops what it holds and starts anew.
const maxLeadSeconds = 0.3;
const maxGapSeconds = 0.1;

/**
 * Plays decoded sound without gaps. Pieces follow each other to the sample; the stream's timestamps only tell whether
 * something is missing. It holds at most {@link maxLeadSeconds} of sound.
 */
export class SoundSchedule {
  #context;
  /** @type {Set<AudioBufferSourceNode>} */
  #scheduled = new Set();
  #nextStart = 0;
  #nextTimestamp = 0;
  #chunksPlayed = 0;
  #resyncs = 0;

  /** @param {number} sampleRate the stream's own, or every piece would be resampled by itself, with clicks between */
  constructor(sampleRate) {
    this.#context = new AudioContext({ sampleRate, latencyHint: 'interactive' });
    // Rejects when it is closed before it could start; then nobody waits for sound any more.
    this.#context.resume().catch(() => {});
  }

  /** Pieces played, how often it started anew, and how long after its arrival sound is heard. */
  get stats() {
    return {
      chunksPlayed: this.#chunksPlayed,
      resyncs: this.#resyncs,
      leadMs: Math.round(this.#lead * 1000),
    };
  }

  /** Takes decoded sound over; it is closed here. @param {AudioData} data */
  play(data) {
    const seconds = data.timestamp / 1e6;
    const isOffTime = this.#lead < 0 || this.#lead > maxLeadSeconds;
    if (isOffTime || Math.abs(seconds - this.#nextTimestamp) > maxGapSeconds) this.#resync();
    const buffer = this.#copy(data);
    data.close();
    this.#start(buffer);
    this.#nextStart += buffer.duration;
    this.#nextTimestamp = seconds + buffer.duration;
  }

  /** Forgets what waits to be heard; the next piece starts anew. */
  drop() {
    this.#stopScheduled();
    this.#nextStart = 0;
  }

  /** Stops all sound and frees the output. */
  close() {
    this.#stopScheduled();
    this.#context.close().catch(() => {});
  }

  get #lead() {
    return this.#nextStart - this.#context.currentTime;
  }

  #resync() {
    this.#stopScheduled();
    this.#nextStart = this.#context.currentTime + targetLeadSeconds;
    this.#resyncs++;
  }

  /** @param {AudioData} data */
  #copy(data) {
    const buffer = this.#context.createBuffer(data.numberOfChannels, data.numberOfFrames, data.sampleRate);
    for (let planeIndex = 0; planeIndex < data.numberOfChannels; planeIndex++) {
      data.copyTo(buffer.getChannelData(planeIndex), { planeIndex, format: 'f32-planar' });
    }
    return buffer;
  }

  /** @param {AudioBuffer} buffer */
  #start(buffer) {
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.addEventListener('ended', () => this.#scheduled.delete(source), { once: true });
    source.start(this.#nextStart);
    this.#scheduled.add(source);
    this.#chunksPlayed++;
  }

  #stopScheduled() {
    for (const source of this.#scheduled) source.disconnect();
    this.#scheduled.clear();
  }
}
