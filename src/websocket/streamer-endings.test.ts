import { describe, expect, it } from 'vitest';
import { images } from './fixtures/images.ts';
import { type StreamerClient, StreamerSite, until } from './fixtures/streamer-test-support.ts';

const { jpeg } = images;

describe('a streamer that leaves', () => {
  it.each([
    { how: 'with a stop', leave: (client: StreamerClient) => client.say({ type: 'stop' }) },
    { how: 'with 1000', leave: ({ socket }: StreamerClient) => socket.close(1000) },
    { how: 'with 1001, as a page that is left', leave: ({ socket }: StreamerClient) => socket.close(1001) },
    { how: 'without a code, as close() of a page', leave: ({ socket }: StreamerClient) => socket.close() },
  ])('$how ends its stream at once', async ({ leave }) => {
    await using site = new StreamerSite();
    const client = await site.publish();
    leave(client);
    await client.closed;
    await until(() => site.ends.length > 0);
    expect(site.diary).toEqual(['started live/cam', 'ended live/cam: unpublished']);
    expect([site.ends, site.streamers[0]!.stats().state, site.clock.timers]).toEqual([
      ['1 stopped'],
      'ended',
      0,
    ]);
  });

  it.each([
    { how: 'without a word', leave: ({ socket }: StreamerClient) => socket.terminate() },
    { how: 'with another code', leave: ({ socket }: StreamerClient) => socket.close(4321) },
  ])('$how lets its stream wait, and continues it when it comes back', async ({ leave }) => {
    await using site = new StreamerSite();
    const client = await site.publish();
    const { id } = site.streamers[0]!;
    leave(client);
    await until(() => site.ends.length > 0);
    expect([site.ends, site.diary.at(-1)]).toEqual([[`${id} lost`], 'interrupted live/cam']);
    await site.clock.advance(9_999);
    await site.publish();
    expect(site.diary).toEqual(['started live/cam', 'interrupted live/cam', 'resumed live/cam']);
    expect(site.pictures()).toEqual(['jpeg 0', 'jpeg 40']);
  });

  it('and does not come back loses its stream after the grace', async () => {
    await using site = new StreamerSite();
    (await site.publish()).socket.terminate();
    await until(() => site.ends.length > 0);
    await site.clock.advance(10_000);
    expect([site.diary.at(-1), site.clock.timers]).toEqual(['ended live/cam: lost', 0]);
  });

  it('is told 1000 after a stop, and nothing it sends behind the stop is shown', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    client.say({ type: 'stop' });
    client.show(jpeg);
    client.spoil();
    expect(await client.closed).toEqual({ code: 1000, reason: 'stopped' });
    expect(client.answersOf('error')).toEqual([]);
    expect(site.streamers[0]!.stats()).toMatchObject({ framesAccepted: 1, errorsInRow: 0 });
  });

  it('is dropped when it does not say goodbye within a second', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    client.socket.pause();
    site.streamers[0]!.close();
    await site.clock.advance(999);
    expect(site.ends).toEqual([]);
    await site.clock.advance(1);
    await until(() => site.ends.length > 0);
    expect([site.ends, site.clock.timers]).toEqual([['1 closed'], 0]);
  });
});

describe('a stream that is started again', () => {
  it('after a stop ends and starts, and the end of the old connection does not touch it', async () => {
    await using site = new StreamerSite();
    for (let round = 0; round < 5; round++) {
      const client = await site.publish();
      client.say({ type: 'stop' });
      if (round === 4) await client.closed;
    }
    const last = await site.publish();
    await until(() => site.ends.length === 5);
    await last.sync();
    const once = ['started live/cam', 'ended live/cam: unpublished'];
    expect(site.diary).toEqual([...once, ...once, ...once, ...once, ...once, 'started live/cam']);
    expect([site.streams.get('live/cam')?.state, site.pictures()]).toEqual(['live', ['jpeg 0']]);
  });

  it('by a page loaded anew ends and starts when the old connection closes first', async () => {
    await using site = new StreamerSite({ takeover: true });
    const before = await site.publish();
    before.socket.close(1001);
    await until(() => site.ends.length === 1);
    const after = await site.publish();
    await site.clock.advance(10_000);
    await after.sync();
    expect(site.diary).toEqual(['started live/cam', 'ended live/cam: unpublished', 'started live/cam']);
    expect([site.ends, site.streams.get('live/cam')?.state]).toEqual([['1 stopped'], 'live']);
  });

  it('by a page loaded anew goes on when the new connection comes first', async () => {
    await using site = new StreamerSite({ takeover: true, options: { frozenTimeoutMs: 60_000 } });
    const before = await site.publish();
    const after = await site.publish();
    before.socket.close(1001);
    await until(() => site.ends.length === 1);
    await site.clock.advance(10_000);
    await after.sync();
    expect(site.diary).toEqual(['started live/cam', 'interrupted live/cam', 'resumed live/cam']);
    expect([site.ends, site.streams.get('live/cam')?.state]).toEqual([['1 replaced'], 'live']);
    after.say({ type: 'stop' });
    await after.closed;
    expect(site.diary.at(-1)).toBe('ended live/cam: unpublished');
  });

  it('by another connection goes on as the same stream, and the old one is told', async () => {
    await using site = new StreamerSite({ takeover: true });
    const before = await site.publish();
    const stream = site.streams.get('live/cam');
    await site.clock.advance(500);
    const after = await site.connect();
    before.show(jpeg);
    expect((await before.closed).code).toBe(4000);
    expect(before.answers.at(-1)).toMatchObject({ type: 'error', code: 'replaced' });
    after.show(jpeg);
    await after.sync();
    expect(site.streams.get('live/cam')).toBe(stream);
    expect([site.pictures(), site.streamers[0]!.stats().framesAccepted]).toEqual([['jpeg 0', 'jpeg 40'], 1]);
  });

  it('by another connection ends and starts where no stream waits for its publisher', async () => {
    await using site = new StreamerSite({ takeover: true, directory: { resumeGraceMs: 0 } });
    const before = await site.publish();
    const after = await site.publish();
    await before.closed;
    await after.sync();
    expect(site.diary).toEqual(['started live/cam', 'ended live/cam: lost', 'started live/cam']);
    expect(site.streams.get('live/cam')?.state).toBe('live');
  });

  it('at the very start, by whoever hears of it, is not left behind without a publisher', async () => {
    await using site = new StreamerSite();
    site.streams.on('started', () => site.streamers[0]!.replace());
    const client = await site.connect();
    client.show(jpeg, jpeg);
    expect((await client.closed).code).toBe(4000);
    expect(site.diary).toEqual(['started live/cam', 'interrupted live/cam']);
    expect(site.pictures()).toEqual([]);
  });
});

describe('a stream that cannot be published', () => {
  it('is refused when somebody else publishes it, who does not notice', async () => {
    await using site = new StreamerSite();
    const publication = site.streams.publish('live/cam')!;
    const client = await site.connect();
    client.show(jpeg);
    expect((await client.closed).code).toBe(1008);
    expect(client.answers.at(-1)).toEqual({
      ...{ type: 'error', code: 'stream-taken', message: "'live/cam' is being published already" },
    });
    await until(() => site.ends.length > 0);
    expect([site.ends, publication.stream.state]).toEqual([['1 refused'], 'live']);
  });

  it('is refused when there are too many streams', async () => {
    await using site = new StreamerSite({ directory: { maxStreams: 1 } });
    site.streams.publish('another');
    const client = await site.connect();
    client.show(jpeg);
    expect((await client.closed).code).toBe(1008);
    expect(client.answers.at(-1)).toMatchObject({ type: 'error', code: 'too-many-streams' });
  });

  it('ends its connection when the directory has been closed', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    site.streams.close();
    client.show(jpeg);
    expect((await client.closed).code).toBe(1001);
    await until(() => site.ends.length > 0);
    expect([site.diary.at(-1), site.ends]).toEqual(['ended live/cam: closed', ['1 closed']]);
  });

  it('ends with 1001 when the server closes', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    site.streamers[0]!.close();
    site.streamers[0]!.close();
    expect(await client.closed).toEqual({ code: 1001, reason: 'closed' });
    await until(() => site.ends.length > 0);
    expect([site.diary.at(-1), site.ends]).toEqual(['ended live/cam: unpublished', ['1 closed']]);
  });
});
