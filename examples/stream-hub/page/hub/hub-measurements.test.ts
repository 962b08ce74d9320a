import { beforeEach, describe, expect, it } from 'vitest';
import { demo, HubBench } from './hub-test-support.ts';

let bench: HubBench;

beforeEach(() => {
  bench = new HubBench();
});

describe('acknowledgements', () => {
  it('count every data message, also those that nobody follows or that cannot be read', async () => {
    const socket = bench.opened(demo);
    socket.tellTag(7, 40);
    socket.tellTag(99, 40);
    socket.dispatchEvent(new MessageEvent('message', { data: new ArrayBuffer(3) }));
    socket.tell({ type: 'frame', stream: 'live/demo', id: 7, frame: 'data:' });
    await bench.clock.advance(20);
    expect(socket.acknowledged).toEqual([
      { received: 1, latenessMs: -1 },
      { received: 4, latenessMs: -1 },
    ]);
  });

  it('are driven by messages when timers come late', () => {
    const socket = bench.opened(demo);
    for (let frame = 0; frame < 30; frame++) {
      bench.lateMs += 33;
      socket.tellTag(7, frame * 33);
    }
    expect(socket.acknowledged).toHaveLength(30);
  });

  it('go out for 64 KiB at once', () => {
    const socket = bench.opened(demo);
    for (let frame = 0; frame < 5; frame++) socket.tellTag(7, frame, 33 << 10);
    expect(socket.acknowledged.map(({ received }) => received)).toEqual([1, 3, 5]);
  });

  it('say how late the newest picture was shown, as long as that is news', async () => {
    const socket = bench.opened(demo);
    bench.hub.reportLateness(123);
    socket.tellTag(7, 40);
    await bench.clock.advance(1_001);
    socket.tellTag(7, 80);
    expect(socket.acknowledged.map(({ latenessMs }) => latenessMs)).toEqual([123, -1]);
  });

  it('are not sent to a server that does not speak the subprotocol', async () => {
    bench.hub.open();
    bench.latest.protocol = '';
    bench.latest.welcome(demo);
    bench.latest.tellTag(7, 40);
    await bench.clock.advance(100);
    expect(bench.latest.acknowledged).toEqual([]);
  });

  it('start from 0 with each connection', async () => {
    bench.opened(demo).tellTag(7, 40);
    bench.latest.lose();
    await bench.clock.advance(500);
    bench.latest.welcome(demo);
    bench.latest.tellTag(7, 80);
    expect(bench.latest.acknowledged).toMatchObject([{ received: 1 }]);
  });
});

describe('measured latency', () => {
  it("is the server's time now less the time at which the timestamp came in", async () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', {});
    expect(bench.hub.latencyMs('live/demo', 0)).toBeNull();
    bench.answerPings(socket);
    socket.tell({
      type: 'clock',
      stream: 'live/demo',
      id: 7,
      timestamp_ms: 5_000,
      wall_ms: bench.clock.wallMs(),
    });
    await bench.clock.advance(150);
    expect(bench.hub.latencyMs('live/demo', 5_000)).toBe(150);
    expect(bench.hub.latencyMs('live/demo', 5_100)).toBe(50);
    expect(bench.hub.roundTripMs).toBe(0);
  });

  it('holds across the end of 32-bit timestamps', () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', {});
    bench.answerPings(socket);
    const wall_ms = bench.clock.wallMs() - 100;
    socket.tell({ type: 'clock', stream: 'live/demo', id: 7, timestamp_ms: 0xffff_fff0, wall_ms });
    expect(bench.hub.latencyMs('live/demo', 16)).toBe(68);
  });

  it('is never below 0: what is here has come in before', async () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', {});
    bench.answerPings(socket);
    const wall_ms = bench.clock.wallMs();
    socket.tell({ type: 'clock', stream: 'live/demo', id: 7, timestamp_ms: 0, wall_ms });
    socket.tellTag(7, 700);
    await bench.clock.advance(20);
    expect(bench.hub.latencyMs('live/demo', 700)).toBe(20);
  });

  it('is not made larger by a server clock that is known badly', async () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', {});
    const wall_ms = bench.clock.wallMs();
    socket.tell({ type: 'clock', stream: 'live/demo', id: 7, timestamp_ms: 0, wall_ms });
    await bench.clock.advance(150);
    socket.tell({ type: 'pong', t: bench.clock.nowMs() - 150, wall_ms }); // All of the way was the way back.
    socket.tellTag(7, 150);
    socket.tell({ type: 'pong', t: bench.clock.nowMs(), wall_ms: bench.clock.wallMs() });
    expect(bench.hub.latencyMs('live/demo', 150)).toBe(0);
  });

  it('is unknown again when the stream begins anew', () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', {});
    bench.answerPings(socket);
    socket.tell({
      type: 'clock',
      stream: 'live/demo',
      id: 7,
      timestamp_ms: 0,
      wall_ms: bench.clock.wallMs(),
    });
    socket.tell({ type: 'stream_started', stream: 'live/demo', id: 8 });
    expect(bench.hub.latencyMs('live/demo', 0)).toBeNull();
  });
});
