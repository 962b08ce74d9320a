import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../core/logger.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { Admission, type AdmissionOptions, type AuthorizeConnection, type Place } from './admission.ts';

describe('the places', () => {
  it('are limited in total, for each role', () => {
    const { admission } = admitting({ maxViewers: 2, maxStreamers: 1 });
    const first = admission.enter('viewer', requestFrom('a'));
    admission.enter('viewer', requestFrom('b'));
    expect(admission.enter('viewer', requestFrom('c'))).toBe(503);
    expect(admission.enter('streamer', requestFrom('c'))).toMatchObject({ address: 'c' });
    (first as Place).release();
    expect(admission.enter('viewer', requestFrom('c'))).toMatchObject({ address: 'c' });
  });

  it('are limited for each address, over all roles', () => {
    const { admission } = admitting({ maxPerAddress: 2 });
    admission.enter('viewer', requestFrom('a'));
    admission.enter('streamer', requestFrom('a'));
    expect(admission.enter('viewer', requestFrom('a'))).toBe(429);
    expect(admission.enter('viewer', requestFrom('b'))).toMatchObject({ address: 'b' });
  });

  it('are given back once, however often that is said', () => {
    const { admission } = admitting({ maxPerAddress: 1 });
    const place = admission.enter('viewer', requestFrom('a')) as Place;
    place.release();
    place.release();
    expect(admission.count('viewer')).toBe(0);
    expect(admission.enter('viewer', requestFrom('a'))).toMatchObject({ address: 'a' });
  });

  it('go by the address that the application tells', () => {
    const addressOf = (request: IncomingMessage): string => `${request.headers['x-forwarded-for']}`;
    const { admission } = admitting({ maxPerAddress: 1, addressOf });
    const behindProxy = (address: string): IncomingMessage =>
      requestFrom('proxy', { 'x-forwarded-for': address });
    expect(admission.enter('viewer', behindProxy('a'))).toMatchObject({ address: 'a' });
    expect(admission.enter('viewer', behindProxy('b'))).toMatchObject({ address: 'b' });
    expect(admission.enter('viewer', behindProxy('b'))).toBe(429);
  });

  it('are given by the address of the peer when the application fails to tell one', () => {
    const { admission } = admitting({
      addressOf() {
        throw new Error('no such header');
      },
    });
    expect(admission.enter('viewer', requestFrom('a'))).toMatchObject({ address: 'a' });
  });
});

describe('an origin', () => {
  it.each([
    { origins: 'same', origin: 'https://hub.example', host: 'hub.example', isAllowed: true },
    { origins: 'same', origin: 'http://Hub.example:8080', host: 'HUB.example:8080', isAllowed: true },
    { origins: 'same', origin: 'https://evil.example', host: 'hub.example', isAllowed: false },
    { origins: 'same', origin: 'null', host: 'hub.example', isAllowed: false },
    { origins: 'same', origin: undefined, host: 'hub.example', isAllowed: true },
    { origins: 'any', origin: 'https://evil.example', host: 'hub.example', isAllowed: true },
    { origins: ['https://a.example'], origin: 'https://a.example', host: 'hub.example', isAllowed: true },
    { origins: ['https://a.example'], origin: 'https://hub.example', host: 'hub.example', isAllowed: false },
  ] as const)('$origin at $host with $origins: $isAllowed', ({ origins, origin, host, isAllowed }) => {
    const { admission } = admitting({ origins });
    expect(admission.isOriginAllowed(requestFrom('a', { host, ...(origin && { origin }) }))).toBe(isAllowed);
  });
});

describe('authorize', () => {
  it('decides, and is told who asks for what', async () => {
    const asked: unknown[] = [];
    const { ask } = admitting({
      authorize: ({ role, stream, address }) => {
        asked.push({ role, stream, address });
        return { allow: true, name: 'public' };
      },
    });
    expect(await ask()).toEqual({ allow: true, name: 'public' });
    expect(asked).toEqual([{ role: 'streamer', stream: 'secret', address: 'a' }]);
  });

  it.each([
    { what: 'a no', authorize: () => ({ allow: false }) },
    {
      what: 'a throw',
      authorize: () => {
        throw new Error('database');
      },
    },
    { what: 'a rejection', authorize: () => Promise.reject(new Error('database')) },
    { what: 'nonsense', authorize: () => 'yes' as never },
    { what: 'a name that is none', authorize: () => ({ allow: true, name: '' }) },
    { what: 'a rule that is none', authorize: () => ({ allow: true, mayWatch: 1 as never }) },
  ] satisfies { what: string; authorize: AuthorizeConnection }[])(
    'lets nobody in after $what',
    async ({ authorize }) => {
      const { ask } = admitting({ authorize });
      expect(await ask()).toBeUndefined();
    },
  );

  it('lets nobody in when its time is up, and tells it so', async () => {
    const clock = new ManualClock();
    let signal: AbortSignal | undefined;
    const { ask } = admitting({
      clock,
      authorize: (_request, context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
    });
    const asked = ask();
    await clock.advance(5_000);
    expect(await asked).toBeUndefined();
    expect(signal?.aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('is given up when the connection closes', async () => {
    const clock = new ManualClock();
    const closed = new AbortController();
    const { ask } = admitting({ clock, authorize: () => new Promise(() => {}) });
    const asked = ask(closed.signal);
    closed.abort();
    expect(await asked).toBeUndefined();
    expect(clock.timers).toBe(0);
  });
});

function admitting(options: Partial<AdmissionOptions>) {
  const admission = new Admission({
    ...{ authorize: undefined, authorizeTimeoutMs: 5_000, origins: 'same', addressOf: undefined },
    ...{ maxViewers: 100, maxStreamers: 100, maxPerAddress: 100 },
    ...{ logger: silentLogger, clock: new ManualClock() },
    ...options,
  });
  const asked = { role: 'streamer', stream: 'secret', request: requestFrom('a'), address: 'a' } as const;
  const ask = (closed: AbortSignal = new AbortController().signal) => admission.authorize(asked, closed);
  return { admission, ask };
}

/** The part of a request that admission looks at. */
function requestFrom(remoteAddress: string, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}
