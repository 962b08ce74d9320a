import { describe, expect, it } from 'vitest';
import { tagOf } from '../media/test-support.ts';
import type { SessionStats } from './session-types.ts';
import { eventually, type LiveSite, liveSite, type SessionClient, turn } from './test-support.ts';

const { keyframe, frame, audio } = tagOf;
const frameBytes = 256 << 10; // What 32 of these add up to fits into no socket's buffers.

const statsOf = (live: LiveSite): SessionStats => live.site.broadcast.viewers()[0]!;

/** Lets a viewer be stuck for longer than its lag limit three times. */
async function skipThrice(live: LiveSite, viewer: SessionClient): Promise<void> {
  for (let at = 1; at < 100; at++) {
    viewer.socket.pause();
    for (const end = at + 30; at < end; at++) {
      live.write(at % 5 ? frame(at, frameBytes) : keyframe(at, frameBytes));
      await live.clock.advance(20);
      await turn();
    }
    viewer.socket.resume();
    await eventually(() => statsOf(live).lagMs === 0 && statsOf(live).unacknowledgedBytes === 0);
    live.write(keyframe(at));
    await eventually(() => statsOf(live).lastLatencyMs === 0);
  }
  expect(statsOf(live).gaps).toBeGreaterThanOrEqual(3);
}

describe('quality', () => {
  it('is what the viewer chose: every second keyframe with all sound, then everything from a keyframe on', async () => {
    await using live = await liveSite();
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    viewer.say({ type: 'quality', stream: 'live/camera', mode: 'keyframes', every: 2 });
    await viewer.until('quality');
    live.write(frame(1), audio(1), keyframe(2), frame(3), keyframe(4), keyframe(5), audio(5));
    await viewer.until('1 audio 5');
    viewer.say({ type: 'quality', stream: 'live/camera', mode: 'full' });
    await eventually(() => viewer.last('quality')?.mode === 'full');
    live.write(frame(6), keyframe(7), frame(8));
    await viewer.until('1 video 8');
    expect(viewer.diary.slice(2)).toEqual([
      ...['quality', '1 audio 1', '1 keyframe 2', '1 keyframe 5', '1 audio 5'],
      ...['quality', '1 keyframe 7', '1 video 8'],
    ]);
    expect(statsOf(live)).toMatchObject({ offered: 11, delivered: 7, skipped: 4 });
  });

  it('goes down by itself for a viewer that skips again and again, and comes back', async () => {
    await using live = await liveSite({ quality: 'auto', lagLimitMs: 100 });
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    await skipThrice(live, viewer);
    await viewer.until('quality');
    expect(viewer.last('quality')).toMatchObject({
      stream: 'live/camera',
      id: 1,
      mode: 'keyframes',
      every: 1,
    });
    await eventually(() => statsOf(live).unacknowledgedBytes === 0);
    await live.clock.advance(10_000);
    live.write(keyframe(10_000));
    await eventually(() => viewer.last('quality')?.mode === 'full');
  });

  it('can be the lower stream that shows the same', async () => {
    const lowerStream = (name: string) => (name === 'live/camera' ? 'live/small' : undefined);
    await using live = await liveSite({ quality: 'auto', lagLimitMs: 100, lowerStream });
    const small = live.site.streams.publish('live/small')!;
    live.write(keyframe(0));
    small.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    await skipThrice(live, viewer);
    await viewer.until('2 keyframe 0');
    expect(viewer.last('quality')).toEqual({
      ...{ type: 'quality', stream: 'live/camera', id: 1, mode: 'lower', every: 1 },
      ...{ instead: 'live/small', instead_id: 2 },
    });
    const types = viewer.said.filter(({ type, id, instead_id }) =>
      type === 'clock' ? id === 2 : instead_id === 2,
    );
    expect(types.map(({ type }) => type)).toEqual(['quality', 'clock']);
    small.end('unpublished');
    await eventually(() => viewer.last('quality')?.mode === 'full');
    live.write(keyframe(999));
    await viewer.until('1 keyframe 999');
  });

  it('has no lower stream when the application fails to name one, which is logged once a second', async () => {
    const lowerStream = (): never => {
      throw new Error('no such map');
    };
    await using live = await liveSite({ quality: 'auto', lagLimitMs: 100, lowerStream });
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    await skipThrice(live, viewer);
    await viewer.until('quality');
    expect(viewer.last('quality')).toMatchObject({ mode: 'keyframes' });
    const failures = live.lines.filter(({ message }) => message === 'lowerStream failed');
    expect(failures[0]).toMatchObject({ stream: 'live/camera', error: 'Error: no such map' });
    expect(failures.length).toBeLessThanOrEqual(1 + live.clock.nowMs() / 1_000);
  });
});
