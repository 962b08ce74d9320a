import { describe, expect, it } from 'vitest';

interface Message {
  readonly title: string;
  readonly detail: string;
  readonly isBusy: boolean;
}
interface OverlayModule {
  overlayText(view: object): Message | null;
  liveText(latencyMs: number | null): string;
}

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./overlay-text.js', import.meta.url).href;
const { overlayText, liveText } = (await import(source)) as OverlayModule;

const fine = {
  phase: { kind: 'playing' },
  connection: { kind: 'open' },
  ...{ isOnline: true, isInterrupted: false, isSoundOnly: false, stillMs: 40, nowMs: 1_000 },
};
const waiting = { kind: 'waiting', retryAtMs: 2_500, reason: 'code 1006' };

describe('overlayText', () => {
  it('says nothing over a picture that moves', () => {
    expect(overlayText(fine)).toBeNull();
  });

  it.each([
    { view: { phase: { kind: 'idle' } }, title: 'no stream yet' },
    { view: { phase: { kind: 'idle' }, connection: { kind: 'connecting' } }, title: 'connecting…' },
    { view: { phase: { kind: 'connecting' } }, title: 'connecting…' },
    { view: { phase: { kind: 'connecting' }, isInterrupted: true }, title: 'stream interrupted' },
    { view: { phase: { kind: 'connecting' }, isSoundOnly: true }, title: 'sound only' },
    { view: { phase: { kind: 'lost' }, connection: waiting }, title: 'connection lost' },
    { view: { phase: { kind: 'lost' }, connection: { kind: 'connecting' } }, title: 'connecting…' },
    { view: { phase: { kind: 'lost' }, connection: waiting, isOnline: false }, title: 'offline' },
    { view: { phase: { kind: 'broken' } }, title: 'starting again…' },
    { view: { phase: { kind: 'ended', hasPlayed: true } }, title: 'stream ended' },
    { view: { phase: { kind: 'ended', hasPlayed: false } }, title: 'stream not on air' },
    { view: { phase: { kind: 'unsupported', codec: 'vvc1' } }, title: 'codec not supported' },
    { view: { isInterrupted: true, stillMs: 1_000 }, title: 'stream interrupted' },
    { view: { stillMs: 3_000 }, title: 'picture frozen' },
  ])('says "$title" for $view', ({ view, title }) => {
    expect(overlayText({ ...fine, ...view })).toMatchObject({ title });
  });

  it('lets what has arrived be seen before it says that the publisher was lost', () => {
    expect(overlayText({ ...fine, isInterrupted: true, stillMs: 999 })).toBeNull();
  });

  it('counts down to the next attempt', () => {
    const view = { ...fine, phase: { kind: 'lost' }, connection: waiting };
    expect(overlayText(view)?.detail).toBe('Next attempt in 1.5 s.');
    expect(overlayText({ ...view, nowMs: 9_000 })?.detail).toBe('Next attempt in 0.0 s.');
  });

  it('shows that something is going on only where it is', () => {
    expect(overlayText({ ...fine, phase: { kind: 'connecting' } })?.isBusy).toBe(true);
    expect(overlayText({ ...fine, phase: { kind: 'ended', hasPlayed: true } })?.isBusy).toBe(false);
  });
});

describe('liveText', () => {
  it.each([
    { latencyMs: null, text: 'LIVE' },
    { latencyMs: 124, text: 'LIVE −0.12 s' },
    { latencyMs: -4, text: 'LIVE −0.00 s' },
    { latencyMs: 2_340, text: 'LIVE −2.3 s' },
  ])('says $text', ({ latencyMs, text }) => {
    expect(liveText(latencyMs)).toBe(text);
  });
});
