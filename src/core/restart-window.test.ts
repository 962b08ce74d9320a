import { describe, expect, it } from 'vitest';
import { RestartWindow } from './restart-window.ts';

describe('RestartWindow', () => {
  it('allows so many within the window, and not one more', () => {
    const window = new RestartWindow(2, 100);
    expect([0, 10, 20].map((nowMs) => window.admit(nowMs))).toEqual([true, true, false]);
    expect(window.count(20)).toBe(3);
  });

  it('forgets what has left the window', () => {
    const window = new RestartWindow(1, 100);
    expect([0, 100, 199].map((nowMs) => window.admit(nowMs))).toEqual([true, true, false]);
    expect([window.count(199), window.count(250), window.count(299)]).toEqual([2, 1, 0]);
  });

  it('allows none when there is none to allow', () => {
    expect(new RestartWindow(0, 100).admit(0)).toBe(false);
  });

  it('starts over when it is cleared', () => {
    const window = new RestartWindow(1, 100);
    window.admit(0);
    window.clear();
    expect([window.count(0), window.admit(0), window.admit(0)]).toEqual([0, true, false]);
  });
});
