import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { Heartbeat, type Pinged } from './heartbeat.ts';

describe('Heartbeat', () => {
  it('pings at every interval and leaves those alone who answer', async () => {
    const { clock, heartbeat, silent } = beating();
    const peer = peerThat('answers');
    heartbeat.add(peer);
    await clock.advance(5_000);
    expect([peer.pings, silent]).toEqual([5, []]);
  });

  it('finds who did not answer, one interval after the ping', async () => {
    const { clock, heartbeat, silent } = beating();
    const peer = peerThat('is silent');
    heartbeat.add(peer);
    await clock.advance(1_999);
    expect(silent).toEqual([]);
    await clock.advance(1);
    expect(silent).toEqual([peer]);
    expect(peer.pings).toBe(1);
  });

  it('lets a peer be removed while it goes round, and keeps no timer for nobody', async () => {
    const { clock, heartbeat, silent } = beating();
    const [first, second] = [peerThat('is silent'), peerThat('is silent')];
    for (const peer of [first, second]) heartbeat.add(peer);
    heartbeat.remove(first);
    heartbeat.remove(first);
    await clock.advance(2_000);
    expect(silent).toEqual([second]);
    heartbeat.remove(second);
    expect(clock.timers).toBe(0);
  });

  it('goes round many in steps, so that nothing else has to wait for all of them', async () => {
    const { clock, heartbeat, silent } = beating();
    const peers = Array.from({ length: 250 }, () => peerThat('answers'));
    for (const peer of peers) heartbeat.add(peer);
    const pings = (): number => peers.reduce((sum, peer) => sum + peer.pings, 0);
    const counts: number[] = [];
    for (const passMs of [1_000, 20, 20, 20, 940]) {
      await clock.advance(passMs);
      counts.push(pings());
    }
    expect([counts, silent]).toEqual([[100, 200, 250, 250, 350], []]);
    for (const peer of peers) heartbeat.remove(peer);
    expect(clock.timers).toBe(0);
  });

  it('does not look after what cannot be pinged', async () => {
    const { clock, heartbeat } = beating();
    heartbeat.add({ isAlive: true, ping: undefined });
    expect(clock.timers).toBe(0);
  });
});

function beating() {
  const clock = new ManualClock();
  const silent: Pinged[] = [];
  return { clock, silent, heartbeat: new Heartbeat<Pinged>(clock, 1_000, (peer) => silent.push(peer)) };
}

function peerThat(does: 'answers' | 'is silent'): Pinged & { readonly pings: number } {
  let pings = 0;
  const peer = {
    isAlive: true,
    get pings() {
      return pings;
    },
    ping(): void {
      pings++;
      if (does === 'is silent') return;
      queueMicrotask(() => {
        peer.isAlive = true;
      });
    },
  };
  return peer;
}
