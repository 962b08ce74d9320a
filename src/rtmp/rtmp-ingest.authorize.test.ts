import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { joinBytes } from '../codec/bytes.ts';
import { Encoder } from '../codec/test-support.ts';
import { silentLogger } from '../core/logger.ts';
import { cleanUp, dial, event, startIngest, until } from './fixtures/ingest-under-test.ts';
import { TestPublisher } from './fixtures/test-publisher.ts';

afterEach(cleanUp);

describe('RtmpIngest: authorize', () => {
  it('decides before Publish.Start, with all that is known of the publisher, and gives the public name', async () => {
    const requests: unknown[] = [];
    const { streams, port } = await startIngest({
      authorize: async (request) => {
        requests.push(request);
        return { allow: true, name: 'public' };
      },
    });
    const publisher = new TestPublisher(port, 'sekrit/key?token=a?b');
    expect(await publisher.answer()).toBe('NetStream.Publish.Start');
    expect(requests).toEqual([
      {
        app: 'live',
        key: 'sekrit/key',
        query: 'token=a?b',
        remoteAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      },
    ]);
    await until(() => streams.get('public') !== undefined);
    publisher.drop();
  });

  it.each([
    { how: 'says no', authorize: () => ({ allow: false, reason: 'expired' }) as const, reason: 'expired' },
    {
      how: 'throws',
      authorize: () => {
        throw new Error('database down');
      },
      reason: 'the server could not decide',
    },
    {
      how: 'takes too long',
      authorize: () => new Promise<never>(() => {}),
      reason: 'the server could not decide',
    },
  ])('refuses a publisher when it $how, without naming the key', async ({ authorize, reason }) => {
    const { streams, port, ingest } = await startIngest({ authorize, authorizeTimeoutMs: 50 });
    const rejected = event(ingest, 'rejected');
    const publisher = new TestPublisher(port, 'sekrit');
    expect(await publisher.answer()).toBe('NetStream.Publish.Denied');
    expect(await rejected).toMatchObject({ name: 'live', reason });
    expect(streams.list()).toEqual([]);
    publisher.drop();
  });

  it.each([
    { what: 'nothing', decision: undefined },
    { what: 'null', decision: null },
    { what: 'no clear yes', decision: { allow: 1 } },
    { what: 'an empty name', decision: { allow: true, name: '' } },
    { what: 'a name that is none', decision: { allow: true, name: () => 'x' } },
  ])('refuses a publisher when it gives $what, and tells the logger', async ({ decision }) => {
    const errors: unknown[] = [];
    const logger = {
      ...silentLogger,
      error: (_message: string, fields: unknown) => void errors.push(fields),
    };
    const { port, streams } = await startIngest({ authorize: () => decision as never, logger });
    for (const key of ['one', 'two']) {
      const publisher = new TestPublisher(port, key);
      expect(await publisher.answer()).toBe('NetStream.Publish.Denied');
      publisher.drop();
    }
    expect(errors).toMatchObject([
      { error: expect.stringMatching(/CONFIG_INVALID: (what authorize returns|name of a decision) must be/) },
      {},
    ]);
    expect(streams.list()).toEqual([]);
  });

  it('does not take a publisher for silent that waits for it', async () => {
    const decision = Promise.withResolvers<{ allow: true }>();
    const asked = Promise.withResolvers<void>();
    const authorize = (): Promise<{ allow: true }> => {
      asked.resolve();
      return decision.promise;
    };
    const { port } = await startIngest({ authorize, handshakeTimeoutMs: 50 });
    const publisher = new TestPublisher(port, 'patient');
    await asked.promise;
    await once(dial(port), 'close'); // A connection that began later is over its limit.
    decision.resolve({ allow: true });
    expect(await publisher.answer()).toBe('NetStream.Publish.Start');
    publisher.drop();
  });

  it('decides on one publish of a connection at a time, and not on what was taken back', async () => {
    const keys: string[] = [];
    const decision = Promise.withResolvers<{ allow: true }>();
    const { port } = await startIngest({
      authorize: ({ key }) => {
        keys.push(key);
        return decision.promise;
      },
    });
    const encoder = new Encoder();
    const crowd = dial(port);
    crowd.write(encoder.opening());
    await until(() => keys.includes('camera'));
    for (let index = 0; index < 1100; index++) {
      crowd.write(
        joinBytes([encoder.command(1, 'closeStream', 0, null), encoder.publish(`taken-back-${index}`)]),
      );
    }
    crowd.write(joinBytes([encoder.command(1, 'closeStream', 0, null)]));
    const other = new TestPublisher(port, 'other');
    await until(() => keys.includes('other'));
    decision.resolve({ allow: true });
    expect(await other.answer()).toBe('NetStream.Publish.Start');
    expect(keys).toEqual(['camera', 'other']);
    other.drop();
  });

  it('takes no media before the decision', async () => {
    const decision = Promise.withResolvers<{ allow: true }>();
    const { streams, port } = await startIngest({ authorize: () => decision.promise });
    const publisher = new TestPublisher(port, 'early');
    await until(() =>
      publisher.events.some((event) => event.type === 'reply' && event.command === 'createStream'),
    );
    expect(() => publisher.frames(1)).toThrow(/no publish is open/);
    expect(streams.list()).toEqual([]);
    decision.resolve({ allow: true });
    expect(await publisher.answer()).toBe('NetStream.Publish.Start');
    publisher.drop();
  });

  it('forgets a publisher that left before the decision', async () => {
    const decision = Promise.withResolvers<{ allow: true }>();
    const asked = Promise.withResolvers<AbortSignal>();
    const { streams, port } = await startIngest({
      authorize: (_request, { signal }) => {
        asked.resolve(signal);
        return decision.promise;
      },
    });
    const publisher = new TestPublisher(port, 'gone');
    const signal = await asked.promise;
    publisher.drop();
    await until(() => signal.aborted);
    decision.resolve({ allow: true });
    expect(streams.list()).toEqual([]);
  });
});
