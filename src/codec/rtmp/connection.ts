import { checkInteger } from '../../core/check.ts';
import { ProtocolError } from '../../core/errors.ts';
import { Acknowledger } from './acknowledger.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type ControlMessage, readControl } from './control.ts';
import { RtmpHandshake } from './handshake.ts';
import { messageTypes, type RtmpMessage } from './message.ts';
import { RtmpOutput } from './output.ts';

/** The window this package announces and, unasked, acknowledges by. */
export const defaultAckWindowBytes = 2_500_000;

/** Options of {@link RtmpConnection}. */
export interface RtmpConnectionOptions {
  readonly role: 'server' | 'client';
  readonly random: Uint8Array;
  readonly maxMessageBytes?: number | undefined;
  readonly ackWindow?: number | undefined;
  readonly maxOutputBytes: number;
  /** Called once, before the first message. */
  readonly onHandshake?: () => void;
  /** Called for each message that is not control. */
  readonly onMessage: (message: RtmpMessage) => void;
}

/**
 * What both ends of a connection do alike: handshake, chunks, acknowledgements, pings, and the promise that no event is
 * lost to an error behind it.
 */
export class RtmpConnection<Event> {
  readonly output: RtmpOutput;
  // Given up when done: it holds 3 kB.
  #handshake: RtmpHandshake | undefined;
  readonly #chunks: ChunkReader;
  readonly #acknowledger: Acknowledger;
  readonly #tellHandshake: (() => void) | undefined;
  readonly #tellMessage: (message: RtmpMessage) => void;
  #events: Event[] = [];
  #failure: ProtocolError | undefined;
  #messages = 0;

  constructor(options: RtmpConnectionOptions) {
    const { role, random, ackWindow = defaultAckWindowBytes, maxMessageBytes, maxOutputBytes } = options;
    this.#tellHandshake = options.onHandshake;
    this.#tellMessage = options.onMessage;
    const handshake = new RtmpHandshake(role, random);
    this.#handshake = handshake;
    this.#chunks = new ChunkReader(
      (message) => this.#onMessage(message),
      maxMessageBytes === undefined ? {} : { maxMessageBytes },
    );
    this.#acknowledger = new Acknowledger(checkInteger('ackWindow', ackWindow, 1, 0xffff_ffff));
    this.output = new RtmpOutput(maxOutputBytes);
    if (handshake.opening !== undefined) this.output.raw(handshake.opening);
  }

  get receivedBytes(): number {
    return this.#acknowledger.receivedBytes;
  }

  get messages(): number {
    return this.#messages;
  }

  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  emit(event: Event): void {
    this.#events.push(event);
  }

  /** Takes bytes and returns the events they caused. Throws only when there are none to lose. */
  receive(bytes: Uint8Array): Event[] {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#consume(bytes);
    } catch (error) {
      this.#fail(error);
    }
    return this.#takeEvents();
  }

  #fail(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.#failure = error;
    if (this.#events.length === 0) throw error;
  }

  #takeEvents(): Event[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #consume(bytes: Uint8Array): void {
    const isAckDue = this.#acknowledger.count(bytes.length);
    this.#chunks.push(this.#handshake === undefined ? bytes : this.#shakeHands(this.#handshake, bytes));
    // The sequence number is the count of all bytes received, modulo 2^32.
    if (isAckDue) this.output.control({ type: 'acknowledgement', receivedBytes: this.receivedBytes >>> 0 });
  }

  #shakeHands(handshake: RtmpHandshake, bytes: Uint8Array): Uint8Array {
    const { usedBytes, reply } = handshake.receive(bytes);
    if (reply !== undefined) this.output.raw(reply);
    if (handshake.isDone) this.#startChunks();
    return bytes.subarray(usedBytes);
  }

  #startChunks(): void {
    this.#handshake = undefined;
    this.#tellHandshake?.();
  }

  #onMessage(message: RtmpMessage): void {
    this.#messages++;
    if (message.typeId > messageTypes.setPeerBandwidth) return this.#tellMessage(message);
    const control = readControl(message);
    if (control !== undefined) this.#onControl(control);
  }

  #onControl(control: ControlMessage): void {
    if (control.type === 'windowAckSize') this.#acknowledger.setWindow(control.windowBytes);
    if (control.type !== 'pingRequest') return;
    this.output.control({ type: 'pingResponse', timestampMs: control.timestampMs });
  }
}
