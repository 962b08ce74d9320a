import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { CallServer, PendingCalls } from './calls.ts';
import { type ControlMessage, maxPendingCalls } from './wire.ts';

describe('the answering side', () => {
  it('starts no more handlers while too many run on that their callers gave up', () => {
    const posted: ControlMessage[] = [];
    const server = new CallServer({ never: () => new Promise(() => {}) }, (message) => posted.push(message));
    for (let id = 0; id <= maxPendingCalls; id++) {
      void server.answer({ type: 'call', id, name: 'never', params: {} });
      if (id < maxPendingCalls) server.cancel(id);
    }
    expect(posted).toMatchObject([
      { type: 'refusal', id: maxPendingCalls, error: { code: 'OVERFLOW_CALLS' } },
    ]);
  });
});

describe('the asking side', () => {
  it('settles a call whose refusal makes no sense at the latest when its channel ends', async () => {
    const calls = new PendingCalls(() => {}, new ManualClock());
    const call = calls.call('ask', {}, {});
    expect(() => calls.settle({ type: 'refusal', id: 1, error: null as never })).toThrow(TypeError);
    calls.end(new Error('the worker was ended'));
    await expect(call).rejects.toThrow('the worker was ended');
  });
});
