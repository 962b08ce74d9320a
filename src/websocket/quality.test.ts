import { describe, expect, it } from 'vitest';
import { readMediaPacket } from '../media/media-packet.ts';
import { tagOf } from '../media/test-support.ts';
import { PictureFilter, QualityGovernor } from './quality.ts';

const word = ({ step: { mode, every } }: QualityGovernor): string => `${mode} ${every}`;

/** Three gaps, a second apart; returns the time of the last. */
function stumble(governor: QualityGovernor, fromMs: number): number {
  for (const atMs of [fromMs, fromMs + 1_000, fromMs + 2_000]) governor.noteGap(atMs);
  return fromMs + 2_000;
}

describe('the quality of a viewer', () => {
  it('goes down a step at the third gap within ten seconds', () => {
    const governor = new QualityGovernor(1_000, false, 0);
    for (const atMs of [0, 6_000, 12_000, 18_000]) governor.noteGap(atMs);
    expect(word(governor)).toBe('full 1');
    governor.noteGap(22_000);
    expect(word(governor)).toBe('keyframes 1');
  });

  it('goes down when latency stays above the limit for two seconds, not for a peak', () => {
    const governor = new QualityGovernor(1_000, false, 0);
    for (const atMs of [0, 1_000, 1_900]) governor.noteLatency(1_500, atMs);
    governor.noteLatency(900, 1_950);
    governor.noteLatency(1_500, 2_100);
    expect(word(governor)).toBe('full 1');
    governor.noteLatency(1_500, 4_100);
    expect(word(governor)).toBe('keyframes 1');
  });

  it('goes to the lower stream first where there is one, then to fewer and fewer pictures', () => {
    const governor = new QualityGovernor(1_000, true, 0);
    const seen: string[] = [];
    for (let round = 0; round < 6; round++) {
      stumble(governor, round * 60_000);
      seen.push(word(governor));
    }
    expect(seen).toEqual([
      ...['lower 1', 'keyframes 1', 'keyframes 2', 'keyframes 4', 'keyframes 8', 'keyframes 8'],
    ]);
  });

  it('comes back a step after ten calm seconds, and no step while latency is above half the limit', () => {
    const governor = new QualityGovernor(1_000, false, 0);
    stumble(governor, 0);
    governor.noteLatency(501, 5_000);
    governor.review(14_999);
    expect(word(governor)).toBe('keyframes 1');
    governor.review(15_000);
    expect(word(governor)).toBe('full 1');
  });

  it('waits twice as long after each step up that has failed, and forgets that after a step down of another kind', () => {
    const governor = new QualityGovernor(1_000, false, 0);
    let nowMs = stumble(governor, 0);
    for (const calmMs of [10_000, 20_000, 40_000, 80_000, 160_000, 160_000]) {
      governor.review(nowMs + calmMs - 1);
      expect(word(governor)).toBe('keyframes 1');
      governor.review(nowMs + calmMs);
      expect(word(governor)).toBe('full 1');
      nowMs = stumble(governor, nowMs + calmMs);
    }
    governor.review(nowMs + 160_000);
    nowMs = stumble(governor, nowMs + 200_000);
    governor.review(nowMs + 10_000);
    expect(word(governor)).toBe('full 1');
  });
});

describe('a picture filter', () => {
  const { keyframe, frame, audio, videoHeader } = tagOf;
  const group = [keyframe(0), frame(1), audio(1), frame(2)];

  function pass(filter: PictureFilter, tags: readonly Uint8Array<ArrayBuffer>[]): string {
    const letter = (tag: Uint8Array<ArrayBuffer>): string => {
      const { kind, isKeyframe, isConfig } = readMediaPacket(tag);
      return isConfig ? 'H' : isKeyframe ? 'K' : kind === 'audio' ? 'a' : 'p';
    };
    return tags
      .filter((tag) => filter.accepts(readMediaPacket(tag)))
      .map(letter)
      .join('');
  }

  it('passes everything at first', () => {
    expect(pass(new PictureFilter(), [videoHeader(), ...group])).toBe('HKpap');
  });

  it('leaves every n-th keyframe, all headers and all sound', () => {
    const filter = new PictureFilter();
    filter.reduceTo(2);
    expect(pass(filter, [videoHeader(), ...group, ...group, ...group])).toBe('HKaaKa');
  });

  it('goes on at a keyframe when it passes everything again', () => {
    const filter = new PictureFilter();
    filter.reduceTo(1);
    expect(pass(filter, group)).toBe('Ka');
    filter.reduceTo(0);
    expect(pass(filter, [frame(3), audio(3), ...group])).toBe('aKpap');
  });
});
