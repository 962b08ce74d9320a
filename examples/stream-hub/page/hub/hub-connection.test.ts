import { beforeEach, describe, expect, it } from 'vitest';
import { demo, HubBench } from './hub-test-support.ts';

let bench: HubBench;

beforeEach(() => {
  bench = new HubBench();
});

describe('HubConnection', () => {
  it('opens once, and carries several streams over one socket', () => {
    const socket = bench.opened(demo, { ...demo, stream: 'live/door', id: 8 });
    bench.hub.open();
    bench.hub.follow('live/demo', bench.recorder('demo'));
    bench.hub.follow('live/door', bench.recorder('door'));
    socket.tellTag(8, 40);
    socket.tellTag(7, 80);
    socket.tellTag(99, 0);
    expect(socket.asked).toEqual([
      { type: 'follow', stream: 'live/demo' },
      { type: 'follow', stream: 'live/door' },
    ]);
    expect(bench.events).toEqual(['demo start', 'door start', 'door tag 40', 'demo tag 80']);
    expect(bench.sockets).toHaveLength(1);
  });

  it('follows what is asked for before the welcome', () => {
    bench.hub.follow('live/demo', bench.recorder());
    bench.hub.open();
    expect(bench.latest.said).toEqual([]);
    bench.latest.welcome(demo);
    expect(bench.latest.asked).toEqual([{ type: 'follow', stream: 'live/demo' }]);
    expect(bench.events).toEqual(['connecting', 'open', 'demo start', 'live/demo started']);
  });

  it('tells followers each turn of their stream, and that one that is not on air', () => {
    const socket = bench.opened();
    bench.hub.follow('live/demo', bench.recorder());
    socket.tell({ type: 'stream_started', stream: 'live/demo', id: 9 });
    socket.tell({ type: 'gap', stream: 'live/demo', id: 9, missed: 3, reason: 'lag' });
    socket.tell({ type: 'quality', stream: 'live/demo', id: 9, mode: 'keyframes', every: 2 });
    socket.tell({ type: 'stream_interrupted', stream: 'live/demo', id: 9 });
    socket.tell({ type: 'stream_resumed', stream: 'live/demo', id: 9 });
    socket.tell({ type: 'stream_ended', stream: 'live/demo', id: 9, reason: 'unpublished' });
    socket.tellTag(9, 40);
    expect(bench.events.filter((event) => event.startsWith('demo'))).toEqual([
      'demo ended',
      'demo start',
      'demo gap',
      'demo quality',
      'demo interrupted',
      'demo resumed',
      'demo ended',
    ]);
  });

  it('hands over what comes in the place of a stream, until that comes again', () => {
    const socket = bench.opened(demo, { ...demo, stream: 'live/small', id: 8 });
    bench.hub.follow('live/demo', bench.recorder());
    const quality = { type: 'quality', stream: 'live/demo', id: 7 };
    socket.tellTag(8, 1);
    socket.tell({ ...quality, mode: 'lower', every: 1, instead: 'live/small', instead_id: 8 });
    socket.tellTag(8, 2);
    socket.tell({ ...quality, mode: 'full', every: 1 });
    socket.tellTag(8, 3);
    socket.tellTag(7, 4);
    expect(bench.events.slice(1)).toEqual(['demo quality', 'demo tag 2', 'demo quality', 'demo tag 4']);
  });

  it('follows again after the connection was lost, with the quality that was asked for', async () => {
    bench.opened(demo);
    bench.hub.follow('live/demo', bench.recorder());
    bench.hub.setQuality('live/demo', 'keyframes', 2);
    bench.latest.lose();
    expect(bench.hub.state).toMatchObject({ kind: 'waiting', reason: 'code 1006' });
    await bench.clock.advance(500);
    bench.latest.welcome(demo);
    expect(bench.sockets).toHaveLength(2);
    expect(bench.latest.asked).toEqual([
      { type: 'follow', stream: 'live/demo' },
      { type: 'quality', stream: 'live/demo', mode: 'keyframes', every: 2 },
    ]);
    expect(bench.events.filter((event) => event.startsWith('demo'))).toEqual([
      'demo start',
      'demo lost',
      'demo start',
    ]);
  });

  it('waits longer after each failure, and starts again from the shortest wait after a good connection', async () => {
    bench.hub.open();
    for (const waitMs of [500, 1_000, 2_000]) {
      bench.latest.lose();
      expect(bench.hub.state.retryAtMs).toBe(bench.clock.nowMs() + waitMs);
      await bench.clock.advance(waitMs);
    }
    bench.latest.welcome();
    bench.latest.lose(); // Too short to be a good one.
    expect(bench.hub.state.retryAtMs).toBe(bench.clock.nowMs() + 4_000);
    await bench.clock.advance(4_000);
    bench.latest.welcome();
    for (let pauses = 0; pauses < 6; pauses++) {
      await bench.clock.advance(1_000);
      bench.answerPings(bench.latest);
    }
    bench.latest.lose();
    expect(bench.hub.state.retryAtMs).toBe(bench.clock.nowMs() + 500);
  });

  it('gives up a server that never says welcome', async () => {
    bench.hub.open();
    await bench.clock.advance(5_000);
    expect(bench.hub.state).toMatchObject({ kind: 'waiting', reason: 'no answer' });
  });

  it('finds out that the other side is gone without a word', async () => {
    bench.opened();
    await bench.clock.advance(5_000);
    expect(bench.hub.state.kind).toBe('open');
    await bench.clock.advance(1_200);
    expect(bench.hub.state).toMatchObject({ kind: 'waiting', reason: 'silent' });
  });

  it('holds a quiet connection whose timers come a minute late, as in a background tab', async () => {
    const socket = bench.opened();
    bench.answerPings(socket);
    for (let minutes = 0; minutes < 3; minutes++) {
      bench.lateMs += 60_000;
      await bench.clock.advance(5_000);
      bench.answerPings(socket);
    }
    expect(bench.hub.state.kind).toBe('open');
  });

  it('lets messages that waited behind a stuck page count as signs of life', async () => {
    const socket = bench.opened();
    await bench.clock.advance(5_100); // The check is due, and the answers have not been read yet.
    bench.answerPings(socket);
    await bench.clock.advance(300);
    expect(bench.hub.state.kind).toBe('open');
  });

  it('connects at once when the page comes back', async () => {
    bench.opened();
    bench.latest.lose();
    bench.hub.wake();
    expect(bench.sockets).toHaveLength(2);
    await bench.clock.advance(500);
    expect(bench.sockets).toHaveLength(2); // The timer of the retry is gone.
  });

  it('asks at once whether a connection still lives when the page comes back', async () => {
    const socket = bench.opened();
    for (let seconds = 0; seconds < 3; seconds++) {
      await bench.clock.advance(1_000);
      bench.answerPings(socket);
    }
    bench.hub.wake();
    await bench.clock.advance(5_300);
    expect(bench.hub.state).toMatchObject({ kind: 'waiting', reason: 'silent' });
  });

  it('answers pings with what they carry', () => {
    const socket = bench.opened();
    socket.tell({ type: 'ping', t: 'any thing' });
    expect(socket.asked).toEqual([{ type: 'pong', t: 'any thing' }]);
  });

  it('survives messages that are none and ignores types it does not know', () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', bench.recorder());
    bench.events.length = 0;
    for (const text of ['', '{', 'null', '[1]', '{"type":"later"}', '{"type":"gap"}']) socket.tellText(text);
    socket.tell({ type: 'error', code: 'TOO_MUCH', message: 'no' });
    socket.tellTag(7, 40);
    expect(bench.events).toEqual(['refused TOO_MUCH', 'demo tag 40']);
  });

  it('makes a stream begin anew for all who follow it when one more does', () => {
    const socket = bench.opened(demo);
    const leave = bench.hub.follow('live/demo', bench.recorder('first'));
    const leaveToo = bench.hub.follow('live/demo', bench.recorder('second'));
    expect(socket.asked.map(({ type }: { type?: string }) => type)).toEqual(['follow', 'unfollow', 'follow']);
    socket.tellTag(7, 40);
    leave();
    leave();
    socket.tellTag(7, 80);
    expect(bench.events).toEqual([
      'first start',
      'first start',
      'second start',
      'first tag 40',
      'second tag 40',
      'second tag 80',
    ]);
    leaveToo();
    expect(socket.asked.at(-1)).toEqual({ type: 'unfollow', stream: 'live/demo' });
  });

  it('leaves nothing behind when it is closed, and can be opened again', () => {
    const socket = bench.opened(demo);
    bench.hub.follow('live/demo', bench.recorder());
    socket.tellTag(7, 40);
    socket.tellTag(7, 41);
    bench.hub.close();
    bench.hub.close();
    expect(bench.clock.timers).toBe(0);
    expect(socket).toMatchObject({ readyState: 3, listeners: 0 });
    socket.lose();
    expect(bench.events).toEqual(['demo start', 'demo tag 40', 'demo tag 41', 'closed', 'demo lost']);
    bench.hub.open();
    bench.latest.welcome(demo);
    expect(bench.latest.asked).toEqual([{ type: 'follow', stream: 'live/demo' }]);
  });

  it('keeps telling the others when a listener throws', async () => {
    const uncaught: unknown[] = [];
    const original = globalThis.queueMicrotask;
    globalThis.queueMicrotask = (task) => {
      try {
        task();
      } catch (error) {
        uncaught.push(error);
      }
    };
    const socket = bench.opened(demo);
    const failure = new Error('of the listener');
    bench.hub.follow('live/demo', {
      onTag() {
        throw failure;
      },
    });
    bench.hub.follow('live/demo', bench.recorder());
    socket.tellTag(7, 40);
    globalThis.queueMicrotask = original;
    expect(bench.events.at(-1)).toBe('demo tag 40');
    expect(uncaught).toEqual([failure]);
    expect(socket.acknowledged).toMatchObject([{ received: 1 }]);
  });
});
