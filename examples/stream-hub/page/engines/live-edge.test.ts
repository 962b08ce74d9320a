import { describe, expect, it } from 'vitest';

interface Order {
  readonly rate: number;
  readonly jumpToMs: number | null;
}
interface Edge {
  readonly targetMs: number;
  readonly jumps: number;
  readonly underruns: number;
  step(moment: { nowMs: number; positionMs: number; newestMs: number; hasShown: boolean }): Order;
  jump(newestMs: number): Order;
  underrun(nowMs: number): void;
  lengthen(nowMs: number): void;
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
    this.nowMs += afterMs;
    const wantedMs = this.positionMs + afterMs * this.#rate;
    this.#noteDry(wantedMs - this.newestMs);
    this.positionMs = Math.min(wantedMs, this.newestMs);
    this.newestMs += frameMs * amount;
    this.#obey(this.edge.step({ ...this, newestMs: this.newestMs, hasShown: this.#hasShown }));
    this.#hasShown = true;
  }

  /** An even stream. */
  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) this.frame();
  }

  #noteDry(sinceMs: number): void {
    if (sinceMs > 0 && this.#hasShown) this.edge.underrun(this.nowMs - sinceMs);
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
    player.frame();
    expect(player.gapMs).toBeCloseTo(100, -1);
    player.run(3_000);
    expect(player.edge.jumps).toBe(1);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(40);
  });

  it('does not jump again before a picture was shown', () => {
    const edge = new LiveEdge();
    const moment = { nowMs: 5_000, positionMs: 0, newestMs: 60_000 };
    expect(edge.step({ ...moment, hasShown: true }).jumpToMs).toBe(59_900);
    expect(edge.step({ ...moment, hasShown: false })).toEqual({ rate: 1, jumpToMs: null });
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
    { name: 'plays faster when it fell behind', offMs: -300, rate: 1.1 },
    { name: 'plays slower when it came too near', offMs: 85, rate: 0.95 },
  ])('$name, and stops doing so at the target', ({ offMs, rate }) => {
    const player = settled();
    player.positionMs += offMs;
    player.run(6_000);
    expect(player.rates).toEqual(new Set([1, rate]));
    expect(Math.abs(player.gapMs - 100)).toBeLessThan(30);
    expect(player.edge.jumps).toBe(0);
  });

  it('is back at the target within a second after two seconds without a picture', () => {
    const player = settled();
    player.frame(2_000, 60);
    player.run(1_000);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(50);
    expect(player.edge).toMatchObject({ jumps: 1, targetMs: 100 });
  });

  it('does not jump for half a second', () => {
    const player = settled();
    player.frame(500, 15);
    player.run(500);
    expect(player.edge.jumps).toBe(0);
  });

  it('keeps a larger distance after it ran dry, and the old one after calm', () => {
    const player = settled();
    for (let count = 0; count < 3; count++) {
      player.frame(300, 9);
      player.run(2_000);
    }
    const { underruns, targetMs } = player.edge;
    expect(underruns).toBeGreaterThan(0);
    expect(targetMs).toBe(100 + 40 * underruns);
    player.run(60_000);
    expect(player.edge.targetMs).toBe(100);
    expect(Math.abs(player.gapMs - 100)).toBeLessThanOrEqual(45);
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
    expect(Math.abs(player.gapMs - 300)).toBeLessThanOrEqual(45);
  });
});

/** A player that has found its place. */
function settled(): SimulatedPlayer {
  const player = new SimulatedPlayer();
  player.run(3_000);
  player.rates.clear();
  return player;
}
