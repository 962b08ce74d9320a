import type { ServerResponse } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { WebSocket } from 'ws';

/** Where a viewer's bytes go. */
export interface ViewerSink {
  /** Takes complete messages. */
  readonly output: Writable;
  /** Whether it takes any: nothing may follow a close frame. */
  readonly isOpen: boolean;
  /** What was written and the kernel has not taken, in bytes. That it changes is a sign of life. */
  unsentBytes(): number;
  /** Says that nothing follows, with a close code where there are such. */
  end(code: number, reason: string): void;
  /** Drops the connection. */
  destroy(): void;
}

/**
 * Frames go straight to the socket below a WebSocket. Its own frames, such as pongs, go there too: both are written
 * whole, so they never mix.
 */
export function webSocketSink(webSocket: WebSocket, raw: Duplex): ViewerSink {
  return {
    output: raw,
    get isOpen() {
      return webSocket.readyState === WebSocket.OPEN && raw.writable;
    },
    unsentBytes: () => unsentBytes(raw),
    end: (code, reason) => webSocket.close(code, reason),
    destroy: () => webSocket.terminate(),
  };
}

/** A response body without an end. */
export function httpSink(response: ServerResponse): ViewerSink {
  return {
    output: response,
    get isOpen() {
      return !response.writableEnded && !response.destroyed;
    },
    unsentBytes: () => unsentBytes(response.socket),
    end: () => response.end(),
    destroy: () => response.destroy(),
  };
}

/**
 * A write is done when all of it is, which on a slow link can take longer than a dead one is given. How far it is only
 * the socket's handle tells; Node's own idle timeout of sockets looks there, too.
 */
function unsentBytes(socket: Writable | null): number {
  const handle: unknown = socket === null ? undefined : Reflect.get(socket, '_handle');
  const size: unknown =
    typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : undefined;
  return typeof size === 'number' ? size : (socket?.writableLength ?? 0);
}
