import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../core/clock.ts';
import {
  type Acknowledgement,
  parseObject,
  readAcknowledgement,
  readViewerMessage,
  type ViewerMessage,
} from './protocol.ts';
import { RateBudget } from './rate-budget.ts';

/** Who acts on what a viewer says. */
export interface ViewerEarOwner {
  /** It wants something. */
  said(message: ViewerMessage): void;
  /** It has taken messages. Whether that was news; `undefined` when it cannot be true. */
  acknowledged(acknowledgement: Acknowledgement): boolean | undefined;
  /** It said something that is refused; the connection stays. */
  refused(message: string): void;
  /** It broke the protocol, or said too much. */
  broke(reason: 'protocol' | 'flooded'): void;
}

/** Messages per second, besides acknowledgements of something: those are bounded by what we send. */
const messagesPerSecond = 200;

/** Listens to one viewer. */
export class ViewerEar {
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  readonly #owner: ViewerEarOwner;
  readonly #budget: RateBudget;

  constructor(webSocket: WebSocket, clock: Clock, owner: ViewerEarOwner) {
    this.#webSocket = webSocket;
    this.#clock = clock;
    this.#owner = owner;
    this.#budget = new RateBudget(messagesPerSecond, clock.nowMs());
    webSocket.on('message', this.#hear);
  }

  /** Listens no more. */
  close(): void {
    this.#webSocket.off('message', this.#hear);
  }

  readonly #hear = (data: RawData, isBinary: boolean): void => {
    const wasNews = isBinary ? this.#hearBinary(data as Buffer) : this.#hearText(String(data));
    if (wasNews || this.#budget.take(this.#clock.nowMs())) return;
    this.close();
    this.#owner.broke('flooded');
  };

  #hearBinary(bytes: Buffer): boolean {
    const acknowledgement = readAcknowledgement(bytes);
    const wasNews = acknowledgement && this.#owner.acknowledged(acknowledgement);
    if (wasNews === undefined) this.#break();
    return wasNews ?? true;
  }

  #hearText(text: string): false {
    const members = parseObject(text);
    if (members === undefined) {
      this.#break();
      return false;
    }
    const message = readViewerMessage(members);
    if (message === undefined) this.#owner.refused(`a '${String(members.type)}' message with wrong members`);
    else if (message !== 'unknown') this.#owner.said(message);
    return false;
  }

  #break(): void {
    this.close();
    this.#owner.broke('protocol');
  }
}
