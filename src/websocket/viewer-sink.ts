import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Where a viewer's bytes go. */
export interface ViewerSink {
  /** Sends a batch in one go; `written` is called when the kernel has taken all of it, and not at all after a failure. */
  write(batch: readonly Uint8Array[], written: () => void): void;
  /** Says that nothing follows. */
  end(): void;
  /** Drops the connection. */
  destroy(): void;
}

/** Each tag is a binary message; the messages of a batch leave in one system call. */
export function webSocketSink(socket: WebSocket, raw: Duplex): ViewerSink {
  return {
    write(batch, written) {
      raw.cork();
      batch.forEach((bytes, index) => {
        const isLast = index === batch.length - 1;
        socket.send(bytes, { binary: true }, (error) => {
          if (isLast && !error) written();
        });
      });
      raw.uncork();
    },
    end: () => socket.close(1000, 'stream ended'),
    destroy: () => socket.terminate(),
  };
}

/** A response body without an end. */
export function httpSink(response: ServerResponse): ViewerSink {
  return {
    write(batch, written) {
      response.cork();
      batch.forEach((bytes, index) => {
        const isLast = index === batch.length - 1;
        response.write(bytes, (error) => {
          if (isLast && !error) written();
        });
      });
      response.uncork();
    },
    end: () => response.end(),
    destroy: () => response.destroy(),
  };
}
