import { checkOneOf, refusal } from '../../core/check.ts';
import { ProtocolError } from '../../core/errors.ts';
import { joinBytes } from '../bytes.ts';

/** How many random bytes one side of a handshake brings. */
export const handshakeRandomBytes = 1528;

/** What {@link RtmpHandshake.receive} did. */
export interface HandshakeStep {
  /** Bytes of the input that belonged to the handshake; what follows them is the first chunk. */
  readonly usedBytes: number;
  /** Bytes to send now, if any. */
  readonly reply: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * The simple handshake (RTMP 1.0 §5.2), as server or as client. Both sides read the same: a version byte and 1536
 * bytes, which they answer, then 1536 bytes of echo. The echo's content is not compared: real encoders get it wrong.
 */
export class RtmpHandshake {
  /** What goes out before anything comes in: C0 and C1 of a client, nothing of a server. */
  readonly opening: Uint8Array<ArrayBuffer> | undefined;
  readonly #answer: (peer: Uint8Array) => Uint8Array<ArrayBuffer>;
  readonly #hello = new Uint8Array(1 + packetBytes);
  #receivedBytes = 0;

  /**
   * @param random - 1528 bytes; the codec makes no randomness of its own.
   * @throws {ConfigError} when the role is unknown or `random` is not 1528 bytes.
   */
  constructor(role: 'server' | 'client', random: Uint8Array) {
    checkOneOf('role', role, ['server', 'client']);
    const hello = createHello(random);
    this.opening = role === 'client' ? hello : undefined;
    this.#answer = role === 'client' ? (peer) => peer.slice() : (peer) => joinBytes([hello, peer]);
  }

  /** Whether everything from the peer is here. */
  get isDone(): boolean {
    return this.#receivedBytes === totalBytes;
  }

  /**
   * Takes the next bytes, however they are cut.
   *
   * @throws {ProtocolError} `PROTOCOL_HANDSHAKE` at the first byte when the peer does not speak RTMP: versions 0 to 2
   * are obsolete, and 32 and above are the start of a text protocol.
   */
  receive(bytes: Uint8Array): HandshakeStep {
    if (this.#receivedBytes === 0 && bytes.length > 0) checkVersion(bytes[0]!);
    const before = this.#receivedBytes;
    const usedBytes = Math.min(bytes.length, totalBytes - before);
    if (before < this.#hello.length) this.#hello.set(bytes.subarray(0, this.#hello.length - before), before);
    this.#receivedBytes += usedBytes;
    const isAnswerDue = before < this.#hello.length && this.#receivedBytes >= this.#hello.length;
    return { usedBytes, reply: isAnswerDue ? this.#answer(this.#hello.subarray(1)) : undefined };
  }
}

const version = 3;
const packetBytes = 1536;
const totalBytes = 1 + 2 * packetBytes;
const randomOffset = 9; // Version, time (0: there is no clock here), and four bytes that must be 0 (§5.2.3).

function createHello(random: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!(random instanceof Uint8Array) || random.length !== handshakeRandomBytes) {
    throw refusal('random', random, `a Uint8Array of ${handshakeRandomBytes} bytes`);
  }
  const hello = new Uint8Array(1 + packetBytes);
  hello[0] = version;
  hello.set(random, randomOffset);
  return hello;
}

function checkVersion(byte: number): void {
  if (byte >= version && byte < 32) return;
  throw new ProtocolError(
    'PROTOCOL_HANDSHAKE',
    `the first byte is ${byte}, RTMP starts with ${version} to 31`,
  );
}
