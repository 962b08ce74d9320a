/**
 * @import { EngineHandlers } from './player.js'
 */
import { loadMpegts } from './mpegts-loader.js';

// The player runs a little faster above the first delay and jumps above the second. Lower targets stutter, because the
// library appends sound and picture in pieces of their own.
const liveEdge = {
  isLive: true,
  liveSync: true,
  liveSyncMaxLatency: 0.6,
  liveSyncTargetLatency: 0.3,
  liveSyncPlaybackRate: 1.1,
  liveBufferLatencyChasing: true,
  liveBufferLatencyMaxLatency: 1.5,
  liveBufferLatencyMinRemain: 0.3,
};
const bounds = {
  // With these two off, bytes are taken from the first one on and never pile up before the parser.
  deferLoadAfterSourceOpen: false,
  enableStashBuffer: false,
  lazyLoad: false,
  autoCleanupSourceBuffer: true,
  autoCleanupMaxBackwardDuration: 10,
  autoCleanupMinBackwardDuration: 5,
};

/** Plays an FLV byte stream through MediaSource with mpegts.js, for browsers and pages without WebCodecs. */
export class MsePlayer {
  name = 'mse';
  #handlers;
  #video = createVideo();
  /** @type {any} */
  #player = null;
  /** The library's side of the byte stream. @type {any} */
  #loader = null;
  #received = 0;
  #opening = 0;
  #framesShown = 0;
  #framesPresented = 0;
  #errors = 0;

  /** @param {EngineHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#watchFrames();
    this.#video.addEventListener('click', () => this.#play());
  }

  /** Where the picture is. */
  get element() {
    return this.#video;
  }

  /**
   * Gets ready for a stream that starts with its file header.
   * @param {{ isSilent: boolean }} tracks the library waits for ever for sound that was announced and does not come
   */
  async open({ isSilent }) {
    this.close();
    const opening = this.#opening;
    const mpegts = await loadMpegts();
    if (opening !== this.#opening) return;
    const customLoader = createLoaderClass(mpegts, (loader) => {
      this.#loader = loader;
    });
    const source = { type: 'flv', isLive: true, url: 'pushed', ...(isSilent ? { hasAudio: false } : {}) };
    this.#player = mpegts.createPlayer(source, { ...liveEdge, ...bounds, customLoader });
    this.#player.on(mpegts.Events.ERROR, this.#createErrorListener(mpegts));
    this.#player.attachMediaElement(this.#video);
    this.#player.load();
    this.#play();
  }

  /** @param {Uint8Array} bytes */
  push(bytes) {
    if (this.#loader === null) return;
    const start = this.#received;
    this.#received += bytes.length;
    this.#loader.onDataArrival(bytes.buffer, start, this.#received);
  }

  /** Frees library, buffers and decoder. */
  close() {
    this.#opening++;
    this.#loader = null;
    this.#received = 0;
    this.#player?.destroy();
    this.#player = null;
  }

  /** Nothing to do: a video element without its source is black. */
  clear() {}

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    this.#video.muted = isMuted;
  }

  /** Numbers of the stream that plays. */
  stats() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const quality = this.#video.getVideoPlaybackQuality();
    return {
      framesShown: this.#framesShown,
      framesDecoded: quality.totalVideoFrames,
      framesSkipped: quality.droppedVideoFrames,
      errors: this.#errors,
      delayMs: this.#bufferedSeconds() * 1000,
      codec: this.#player?.mediaInfo?.videoCodec ?? null,
      width,
      height,
      sound: { isOn: !this.#video.muted },
      soundProblem: null,
    };
  }

  #play() {
    // Rejects when a browser wants a click first, and when the stream ends before it has started.
    this.#player?.play()?.catch(() => {});
  }

  #bufferedSeconds() {
    const { buffered, currentTime } = this.#video;
    return buffered.length === 0 ? 0 : Math.max(0, buffered.end(buffered.length - 1) - currentTime);
  }

  #watchFrames() {
    this.#video.requestVideoFrameCallback((_now, { presentedFrames }) => {
      // The browser may show several frames between two calls, and counts from 0 for a new source.
      this.#framesShown += Math.max(1, presentedFrames - this.#framesPresented);
      this.#framesPresented = presentedFrames;
      this.#handlers.onPicture();
      this.#watchFrames();
    });
  }

  /** @param {any} mpegts */
  #createErrorListener(mpegts) {
    const { MEDIA_CODEC_UNSUPPORTED } = mpegts.ErrorDetails;
    /** @type {(type: string, detail: string, info?: { code?: number, msg?: string }) => void} */
    return (_type, detail, info) => {
      this.#errors++;
      const isHopeless = detail === MEDIA_CODEC_UNSUPPORTED || info?.code === DOMException.NOT_SUPPORTED_ERR;
      if (isHopeless) this.#handlers.onUnsupported(info?.msg ?? detail);
      else this.#handlers.onBroken(new Error(info?.msg ?? detail));
    };
  }
}

function createVideo() {
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  video.playsInline = true;
  video.disablePictureInPicture = true;
  return video;
}

/**
 * The page owns the socket, so what the library takes for its loader only passes the bytes on.
 * @param {any} mpegts
 * @param {(loader: unknown) => void} onOpen
 */
function createLoaderClass(mpegts, onOpen) {
  return class extends mpegts.BaseLoader {
    constructor() {
      super('pushed');
      this._needStash = false;
    }

    open() {
      this._status = mpegts.LoaderStatus.kBuffering;
      onOpen(this);
    }

    abort() {
      this._status = mpegts.LoaderStatus.kComplete;
    }
  };
}
