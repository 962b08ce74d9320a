import { describe, expect, it } from 'vitest';
import { ClosedError, ConfigError, OverflowError } from '../../core/errors.ts';
import { createFlvTag, flvTagTypes } from '../../media/flv-tag.ts';
import { writeAmf0Values } from '../amf0.ts';
import { codeOf, cut, pattern } from '../test-support.ts';
import { type RtmpClientEvent, RtmpClientSession, type RtmpClientSessionOptions } from './client-session.ts';
import type { RtmpServerEvent } from './server-events.ts';
import { RtmpServerSession } from './server-session.ts';

type OnPublish = (server: RtmpServerSession, id: number) => void;

/** Both ends in memory, with the bytes cut as told. */
class Wire {
  readonly client: RtmpClientSession;
  readonly server = new RtmpServerSession({ random: pattern(1528, 1) });
  readonly told: RtmpClientEvent[] = [];
  readonly heard: RtmpServerEvent[] = [];
  readonly #sizes: readonly number[];
  readonly #onPublish: OnPublish;

  constructor(
    options: Partial<RtmpClientSessionOptions> = {},
    sizes: readonly number[] = [],
    onPublish: OnPublish = (server, id) => server.acceptPublish(id),
  ) {
    this.#sizes = sizes;
    this.#onPublish = onPublish;
    const address = { app: 'live', tcUrl: 'rtmp://127.0.0.1/live', name: 'camera?key=1' };
    this.client = new RtmpClientSession({ random: pattern(1528, 2), ...address, ...options });
  }

  /** Carries bytes until neither side has more to say. */
  settle(): this {
    while (this.#toServer() || this.#toClient());
    return this;
  }

  #toServer(): boolean {
    const bytes = this.client.takeOutput();
    for (const piece of cut(bytes ?? new Uint8Array(0), this.#sizes)) this.#hear(this.server.receive(piece));
    return bytes !== undefined;
  }

  #hear(events: readonly RtmpServerEvent[]): void {
    this.heard.push(...events);
    for (const event of events) if (event.type === 'publish') this.#onPublish(this.server, event.id);
  }

  #toClient(): boolean {
    const bytes = this.server.takeOutput();
    for (const piece of cut(bytes ?? new Uint8Array(0), this.#sizes))
      this.told.push(...this.client.receive(piece));
    return bytes !== undefined;
  }
}

const tags = [
  createFlvTag(flvTagTypes.data, 0, writeAmf0Values(['onMetaData', { width: 1 }])),
  createFlvTag(flvTagTypes.video, 0, pattern(70_000)),
  createFlvTag(flvTagTypes.audio, 23, pattern(300)),
  createFlvTag(flvTagTypes.video, 0xffff_ff00, pattern(10)),
];

describe('RtmpClientSession', () => {
  it.each([[[]], [[1]], [[7, 4000]]])('publishes to a server, with reads of %j', (sizes) => {
    const wire = new Wire({ chunkSize: 4096 }, sizes).settle();
    expect(wire.client.isPublishing).toBe(true);
    for (const tag of tags) wire.client.writeTag(tag);
    wire.client.close();
    wire.settle();
    expect(wire.heard).toEqual([
      { type: 'connect', app: 'live', tcUrl: 'rtmp://127.0.0.1/live', query: '' },
      { type: 'publish', id: 1, app: 'live', name: 'camera', query: 'key=1' },
      ...tags.map((tag) => ({ type: 'tag', id: 1, tag })),
      { type: 'unpublish', id: 1, reason: 'FCUnpublish' },
    ]);
  });

  it('names the command that each reply answers', () => {
    const { told } = new Wire().settle();
    const names = told.map((event) => (event.type === 'reply' ? event.command : event.type));
    expect(names).toEqual(['handshake', 'connect', 'releaseStream', 'FCPublish', 'createStream', 'publish']);
    expect(told.every((event) => event.type !== 'reply' || event.ok)).toBe(true);
  });

  it('tells a refusal and does not publish', () => {
    const refusal = { code: 'NetStream.Publish.Denied', description: 'Not today.' };
    const wire = new Wire({}, [], (server, id) => server.rejectPublish(id, refusal)).settle();
    expect(wire.told.at(-1)).toEqual({ type: 'reply', command: 'publish', ok: false, ...refusal });
    expect(() => wire.client.writeTag(tags[1]!)).toThrow(ClosedError);
  });

  it('tells when the server ends the publish', () => {
    const wire = new Wire().settle();
    wire.server.rejectPublish(1, { code: 'NetStream.Publish.Rejected', description: 'Replaced.' });
    wire.settle();
    expect(wire.told.at(-1)).toEqual({ type: 'status', level: 'error', code: 'NetStream.Publish.Rejected' });
  });

  it('writes no tag before the publish is accepted and after it was closed', () => {
    const wire = new Wire();
    expect(() => wire.client.writeTag(tags[1]!)).toThrow(ClosedError);
    wire.settle().client.close();
    wire.client.close();
    expect(() => wire.client.writeTag(tags[1]!)).toThrow(ClosedError);
    wire.settle();
    expect(wire.heard.filter(({ type }) => type === 'unpublish')).toHaveLength(1);
  });

  it('refuses tags when too much output waits, and takes them again afterwards', () => {
    const wire = new Wire({ maxOutputBytes: 200_000 }).settle();
    wire.client.writeTag(tags[1]!);
    expect(() => wire.client.writeTag(tags[1]!)).toThrow(OverflowError);
    wire.settle().client.writeTag(tags[1]!);
    wire.settle();
    expect(wire.heard.filter(({ type }) => type === 'tag')).toHaveLength(2);
  });

  it('refuses a server that does not speak RTMP', () => {
    const { client } = new Wire();
    expect(codeOf(() => client.receive(new TextEncoder().encode('HTTP/1.1 400')))).toBe('PROTOCOL_HANDSHAKE');
    expect(client.failure?.code).toBe('PROTOCOL_HANDSHAKE');
  });

  it.each([
    { app: '' },
    { tcUrl: 5 as never },
    { name: 'n'.repeat(5000) },
    { chunkSize: 127 },
    { maxOutputBytes: 1 },
    { key: 'x' },
  ])('refuses %j', (options) => {
    expect(() => new Wire(options)).toThrow(ConfigError);
  });

  it('keeps a bad stream name out of the error', () => {
    expect(() => new Wire({ name: 'secret'.repeat(1000) })).toThrow(/^name must be [^']*, got a string$/);
  });
});
