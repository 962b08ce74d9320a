import type { Socket } from 'node:net';
import type { Transferable } from 'node:worker_threads';
import { OverflowError, ProtocolError } from '../core/errors.ts';
import { readClone, writeClone } from './clone-codec.ts';
import { bufferFlag, FrameReader, frameHeadBytes, maxFrameBytes } from './frame-reader.ts';
import type { LanePort } from './lane-port.ts';

// Smaller buffers travel within their message: a frame more costs more than a copy.
const apartFromBytes = 16 << 10;

/**
 * A lane between two processes: messages as frames on a pipe or local socket. What is handed over in `transfer` is
 * copied, as it must be, and taken away from the sender all the same, so that a worker does not depend on its host.
 */
export class StreamPort implements LanePort {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  /** What arrived in one piece and is not delivered yet; gone before the event loop turns. */
  readonly #inbox: unknown[] = [];
  /** Buffers whose message is still to come. */
  readonly #arrived: ArrayBuffer[] = [];
  #arrivedBytes = 0;

  /** @param onCorrupt - Told when the other end sends what is no message; the port is closed then. */
  constructor(socket: Socket, onCorrupt: (error: unknown) => void = () => {}) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // That the other end is gone is told by `closed`.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') onCorrupt(error);
    });
  }

  post(message: unknown, transfer: readonly Transferable[] = []): void {
    const buffers = [...checkTransfer(transfer)];
    const apart = buffers.filter((buffer) => buffer.byteLength >= apartFromBytes);
    const frame = writeClone(message, frameHeadBytes, apart);
    const size = apart.reduce((sum, buffer) => sum + buffer.byteLength, frame.length - frameHeadBytes);
    if (size > maxFrameBytes) {
      throw new OverflowError('OVERFLOW_MESSAGE', `message of ${size} bytes, limit ${maxFrameBytes}`);
    }
    frame.writeUInt32LE(frame.length - frameHeadBytes);
    // What was handed over belongs to nobody else from here on, so it may be written later, from where it is.
    const moved = buffers.map((buffer) => new Uint8Array(buffer.transfer()));
    if (this.#socket.writable) this.#write(moved, frame);
  }

  onMessage(listener: (message: never) => void): void {
    const frames = new FrameReader({
      message: (body) => this.#inbox.push(readClone(body, this.#takeArrived())),
      buffer: (buffer) => this.#keep(buffer),
    });
    this.#socket.on('data', (chunk) => {
      const isDelivering = this.#inbox.length > 0;
      try {
        frames.push(chunk);
      } catch (error) {
        this.#socket.destroy(error as Error);
      }
      if (!isDelivering) this.#deliver(listener);
    });
  }

  close(): void {
    this.#socket.destroySoon();
  }

  #write(buffers: readonly Uint8Array[], frame: Uint8Array): void {
    this.#socket.cork();
    for (const buffer of buffers) {
      if (buffer.length < apartFromBytes) continue; // It is in the frame.
      const head = Buffer.alloc(frameHeadBytes);
      head.writeUInt32LE(bufferFlag + buffer.length);
      this.#socket.write(head);
      this.#socket.write(buffer);
    }
    this.#socket.write(frame);
    this.#socket.uncork();
  }

  #keep(buffer: ArrayBuffer): void {
    this.#arrived.push(buffer);
    this.#arrivedBytes += Math.max(buffer.byteLength, apartFromBytes); // Or empty ones would be without number.
    if (this.#arrivedBytes <= maxFrameBytes) return;
    const what = `buffers of ${this.#arrivedBytes} bytes, limit ${maxFrameBytes}`;
    throw new ProtocolError('PROTOCOL_MESSAGE_TOO_LARGE', what);
  }

  #takeArrived(): readonly ArrayBuffer[] {
    this.#arrivedBytes = 0;
    return this.#arrived.splice(0);
  }

  // As between threads, whatever one message leads to at once is done before the next one is told: a tick that is asked
  // for by the last microtask comes after all that the others lead to.
  #deliver(listener: (message: never) => void): void {
    if (this.#inbox.length === 0) return;
    try {
      listener(this.#inbox[0] as never);
    } catch (error) {
      this.#socket.destroy(error as Error); // It is a value, but no message.
    }
    this.#inbox.shift();
    queueMicrotask(() => process.nextTick(() => this.#deliver(listener)));
  }
}

function checkTransfer(transfer: readonly Transferable[]): ReadonlySet<ArrayBuffer> {
  const buffers = new Set<ArrayBuffer>();
  for (const item of transfer) {
    const isGood = item instanceof ArrayBuffer && !item.detached && !buffers.has(item);
    if (!isGood)
      throw new TypeError('what is handed over could not be cloned: no ArrayBuffer, or used twice');
    buffers.add(item);
  }
  return buffers;
}
