import { describe, expect, it } from 'vitest';

interface Order {
  readonly rate: number;
  readonly jumpToMs: number | null;
}
interface Place {
  readonly nowMs: number;
  readonly positionMs: number;
  readonly newestMs: number;
}
interface Edge {
  readonly targetMs: number;
  readonly jumps: number;
  readonly underruns: number;
  readonly isHolding: boolean;
  step(moment: Place & { hasShown: boolean }): Order;
  jump(newestMs: number): Order;
  ranDry(place: Place): boolean;
  lengthen(nowMs: number, missingMs?: number): void;
  setTarget(targetMs: number): void;
}

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./live-edge.js', import.meta.url).href;
const { LiveEdge } = (await import(source)) as { LiveEdge: new (options?: object) => Edge };

const frameMs = 33;

/** A player with a buffer: its position moves with time and rate, up to the end of what has come. */
class SimulatedPlayer {
  readonly edge: Edge = new LiveEdge();
  readonly rates = new Set<number>();
  nowMs = 0;
  newestMs = 0;
  positionMs = 0;
  #rate = 1;
  #hasShown = false;

  get gapMs(): number {
    return this.newestMs - this.positionMs;
  }

  /** Time passes, and at its end a picture comes; `amount` at once. */
  frame(afterMs: number = frameMs, amount: number = 1): void {
    const startMs = this.nowMs;
    const wantedMs = this.positionMs + afterMs * this.#rate;
    const isDry = wantedMs > this.newestMs && this.#hasShown;
    this.positionMs = Math.min(wantedMs, this.newestMs);
    this.nowMs = startMs + afterMs - Math.max(0, wantedMs - this.newestMs);
    if (isDry) this.edge.ranDry(this);
    this.nowMs = startMs + afterMs;
    this.newestMs += frameMs * amount;
    this.look();
    this.#hasShown = true;
  }

  /** A picture is shown. */
  look(): void {
    this.#obey(this.edge.step({ ...this, newestMs: this.newestMs, hasShown: this.#hasShown }));
  }

  /** What has piled up comes in pieces, as connections deliver it. */
  burst(amount: number): void {
    for (let left = amount; left > 0; left -= 5) this.frame(5, Math.min(5, left));
  }

  /** An even stream. */
  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) this.frame();
  }

  #obey({ rate, jumpToMs }: Order): void {
    this.#rate = rate;
    this.rates.add(rate);
    if (jumpToMs === null) return;
    this.positionMs = jumpToMs;
    this.#hasShown = false;
  }
}

describe('LiveEdge', () => {
  it('shows the first picture at once and stands still until there is something to play', () => {
    const player = new SimulatedPlayer();
    player.frame();
    player.frame();
    expect(player.rates).toEqual(new Set([1, 0]));
    player.run(500);
    expect(player.gapMs).toBeGreaterThanOrEqual(90);
    expect(player.gapMs).toBeLessThanOrEqual(140);
    expect(player.edge).toMatchObject({ jumps: 0, underruns: 0 });
  });

  it('jumps once to the live edge when a whole group of pictures came at once', () => {
    const player = new SimulatedPlayer();
    player.frame(0, 120);
    player.run(100);
    expect(player.gapMs).toBeCloseTo(100, -1);
    player.run(3_000);
    expect(player.edge.jumps).toBe(1);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(20);
  });

  it('jumps once, and to the end, when a group of pictures comes in pieces', () => {
    const player = new SimulatedPlayer();
    player.burst(120);
    expect(player.edge).toMatchObject({ jumps: 0, isHolding: true });
    player.run(100);
    expect(player.edge).toMatchObject({ jumps: 1, isHolding: false });
    expect(player.gapMs).toBeCloseTo(100, -1);
  });

  it('jumps with the next picture on the screen when nothing follows a group of pictures', () => {
    const player = new SimulatedPlayer();
    player.frame(0, 60);
    player.look();
    expect(player.edge.isHolding).toBe(true);
    player.nowMs += 2 * frameMs;
    player.look();
    expect(player.gapMs).toBe(100);
  });

  it('takes a stream that always comes faster than time goes by as it is', () => {
    const player = new SimulatedPlayer();
    for (let count = 0; count < 100; count++) player.frame(frameMs, 4);
    expect(player.edge.jumps).toBeGreaterThanOrEqual(1);
  });

  it('does not jump again before a picture was shown', () => {
    const edge = new LiveEdge();
    const moment = { nowMs: 5_000, positionMs: 0, newestMs: 60_000 };
    expect(edge.step({ ...moment, hasShown: true }).jumpToMs).toBeNull();
    expect(edge.step({ ...moment, nowMs: 5_066, hasShown: true }).jumpToMs).toBe(59_900);
    expect(edge.step({ ...moment, nowMs: 6_000, hasShown: false })).toEqual({ rate: 1, jumpToMs: null });
    expect(edge.jumps).toBe(1);
  });

  it('does not chase its own jumps where a decoder needs long for each', () => {
    const edge = new LiveEdge();
    let positionMs = 0;
    for (let nowMs = 0; nowMs < 1_000; nowMs += frameMs) {
      const { jumpToMs } = edge.step({ nowMs, positionMs, newestMs: 4_000 + nowMs, hasShown: true });
      if (jumpToMs !== null) positionMs = jumpToMs - 300;
    }
    expect(edge.jumps).toBeLessThanOrEqual(3);
  });

  it('leaves the speed alone inside the band', () => {
    const player = settled();
    player.run(10_000);
    expect(player.rates).toEqual(new Set([1]));
  });

  it.each([
    { name: 'plays faster when it fell behind', offMs: -300, slowest: 1, fastest: 1.1 },
    { name: 'plays slower when it came too near', offMs: 60, slowest: 0.95, fastest: 1 },
  ])('$name, and stops doing so at the target', ({ offMs, slowest, fastest }) => {
    const player = settled();
    player.positionMs += offMs;
    player.run(6_000);
    expect([Math.min(...player.rates), Math.max(...player.rates)]).toEqual([slowest, fastest]);
    expect(Math.abs(player.gapMs - 100)).toBeLessThan(20);
    expect(player.edge.jumps).toBe(0);
    player.rates.clear();
    player.run(6_000);
    expect(player.rates).toEqual(new Set([1]));
  });

  it.each([
    { name: 'at once', pieces: [60] },
    { name: 'in pieces', pieces: [1, 2, 4, 10, 10, 10, 10, 13] },
    { name: 'with a keyframe after a gap', pieces: [4, 45, 5, 5, 1] },
  ])('is back at the target at once after two seconds without a picture that come $name', ({ pieces }) => {
    const player = settled();
    const [first = 0, ...others] = pieces;
    player.frame(2_000, first);
    for (const amount of others) player.frame(15, amount);
    player.run(200);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(40);
    player.run(2_000);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(20);
    expect(player.edge).toMatchObject({ jumps: 1, targetMs: 100 });
  });

  it('jumps a second time when more had piled up than it looked like', () => {
    const player = settled();
    player.frame(2_000, 40);
    player.run(100);
    player.burst(20);
    player.run(700);
    expect(player.edge.jumps).toBe(2);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(40);
  });

  it('does not jump for half a second', () => {
    const player = settled();
    player.frame(450, 13);
    player.run(500);
    expect(player.edge.jumps).toBe(0);
  });

  it('keeps a distance that is larger by what was missing when it ran dry, and the old one after calm', () => {
    const player = settled();
    player.frame(130, 1);
    player.frame(1, 3);
    const { underruns, targetMs } = player.edge;
    expect(underruns).toBe(1);
    expect(targetMs).toBeGreaterThan(110);
    expect(targetMs).toBeLessThanOrEqual(140);
    player.run(60_000);
    expect(player.edge.targetMs).toBe(100);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(20);
  });

  it('learns nothing from what happens while it joins', () => {
    const player = new SimulatedPlayer();
    player.run(400);
    player.frame(200, 6);
    expect(player.edge).toMatchObject({ underruns: 1, targetMs: 100 });
  });

  it('does not hold a slow decoder against the network', () => {
    const player = settled();
    expect(player.edge.ranDry({ nowMs: player.nowMs, positionMs: 0, newestMs: 90 })).toBe(false);
    player.frame();
    expect(player.edge).toMatchObject({ underruns: 0, targetMs: 100 });
  });

  it('keeps its distance within the limit however often it runs dry', () => {
    const edge = new LiveEdge();
    for (let count = 0; count < 100; count++) edge.lengthen(count);
    expect(edge.targetMs).toBe(500);
  });

  it('drops to the live edge when told, whatever the distance', () => {
    const player = settled();
    expect(player.edge.jump(8_000)).toEqual({ rate: 1, jumpToMs: 7_900 });
  });

  it('takes another target', () => {
    const player = settled();
    player.edge.setTarget(300);
    player.run(10_000);
    expect(Math.abs(player.gapMs - 300)).toBeLessThanOrEqual(25);
  });
});

/** A player that has found its place. */
function settled(): SimulatedPlayer {
  const player = new SimulatedPlayer();
  player.run(3_000);
  player.rates.clear();
  return player;
}
