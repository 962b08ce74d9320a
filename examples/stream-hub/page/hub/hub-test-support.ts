import { ManualClock } from 'spillway/testing';

interface Listener {
  onTag?(tag: { readonly type: number; readonly timestampMs: number }): void;
  [event: string]: ((detail: never) => void) | undefined;
}

/** The shape of the page's HubConnection, which is plain JavaScript without declarations. */
export interface Hub {
  readonly state: { readonly kind: string; readonly retryAtMs?: number; readonly reason?: string };
  readonly connections: number;
  readonly roundTripMs: number | null;
  readonly streams: readonly { readonly stream: string }[];
  open(): void;
  close(): void;
  wake(): void;
  follow(name: string, listener: Listener): () => void;
  setQuality(name: string, mode: string, every?: number): void;
  latencyMs(name: string, timestampMs: number): number | null;
  reportLateness(ms: number): void;
}

type HubClass = new (url: string, handlers: object, world: object) => Hub;

const source: string = new URL('./hub-connection.js', import.meta.url).href;
const { HubConnection } = (await import(source)) as { HubConnection: HubClass };

const subprotocol = 'spillway.v1';

/** A stream that is on air. */
export const demo = { stream: 'live/demo', id: 7, state: 'live', video: 'avc1', audio: null } as const;

/** The browser's end of a connection whose other end is the test. */
export class FakeSocket extends EventTarget {
  readonly said: Record<string, unknown>[] = [];
  readonly acknowledged: { readonly received: number; readonly latenessMs: number }[] = [];
  readyState = 1;
  protocol: string = subprotocol;
  listeners = 0;

  override addEventListener(...[type, listener, options]: Parameters<EventTarget['addEventListener']>): void {
    super.addEventListener(type, listener, options);
    this.listeners++;
    const { signal } = options as { signal?: AbortSignal };
    signal?.addEventListener('abort', () => this.listeners--);
  }

  send(data: string | ArrayBuffer): void {
    if (typeof data === 'string') this.said.push(JSON.parse(data));
    else {
      const view = new DataView(data);
      this.acknowledged.push({ received: view.getUint32(0), latenessMs: view.getInt32(4) });
    }
  }

  close(): void {
    this.readyState = 3;
  }

  tell(message: unknown): void {
    this.#receive(JSON.stringify(message));
  }

  tellText(text: string): void {
    this.#receive(text);
  }

  tellTag(id: number, timestampMs: number, bodyBytes = 1): void {
    const bytes = new Uint8Array(19 + bodyBytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, id);
    view.setUint32(4, 0x0900_0000 + bodyBytes);
    view.setUint32(8, timestampMs << 8);
    this.#receive(bytes.buffer);
  }

  welcome(...active_streams: object[]): void {
    this.tell({ type: 'viewer_connected', viewer_id: 1, ping_interval_ms: 45_000, active_streams });
  }

  lose(code = 1006, reason = ''): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }

  /** What it said, apart from pings. */
  get asked(): object[] {
    return this.said.filter(({ type }) => type !== 'ping');
  }

  #receive(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

/** A connection, the sockets it opens, and a clock that the test moves. */
export class HubBench {
  readonly clock: ManualClock = new ManualClock(1_000_000);
  readonly sockets: FakeSocket[] = [];
  /** What its handlers and the recorders were told. */
  readonly events: string[] = [];
  /** How late timers are: time that has passed without any of them firing. */
  lateMs = 0;
  readonly hub: Hub = new HubConnection('ws://host/viewers', this.#handlers(), this.#world());

  get latest(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  /** Opens the connection and has it welcomed. */
  opened(...streams: object[]): FakeSocket {
    this.hub.open();
    this.latest.welcome(...streams);
    this.events.length = 0;
    return this.latest;
  }

  /** Answers pings as a server whose wall clock is the test's. */
  answerPings(socket: FakeSocket): void {
    for (const { type, t } of socket.said.splice(0))
      if (type === 'ping') socket.tell({ type: 'pong', t, wall_ms: this.clock.wallMs() });
  }

  /** A listener that writes down what it is told. */
  recorder(name = 'demo'): Listener {
    const note = (event: string) => (detail?: { timestampMs?: number }) =>
      void this.events.push(
        [name, event, detail?.timestampMs].filter((part) => part !== undefined).join(' '),
      );
    const names = ['Start', 'Tag', 'Interrupted', 'Resumed', 'Ended', 'Gap', 'Quality', 'Lost'];
    return Object.fromEntries(names.map((event) => [`on${event}`, note(event.toLowerCase())]));
  }

  #handlers(): object {
    return {
      onState: ({ kind }: { kind: string }) => this.events.push(kind),
      onStreams: (changes: { kind: string; stream: { stream: string } }[]) =>
        this.events.push(...changes.map(({ kind, stream }) => `${stream.stream} ${kind}`)),
      onRefused: ({ code }: { code: string }) => this.events.push(`refused ${code}`),
    };
  }

  #world(): object {
    return {
      openSocket: () => {
        this.sockets.push(new FakeSocket());
        return this.latest;
      },
      nowMs: () => this.clock.nowMs() + this.lateMs,
      setTimer: (delayMs: number, callback: () => void) => this.clock.setTimer(delayMs, callback),
      random: () => 1,
    };
  }
}
