import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { AsyncEventSender } from './async-event-sender.ts';
import { httpTransport } from './http-transport.ts';
import type { SenderOptions } from './options.ts';
import { ScriptedTransport } from './test-support.ts';

const transport = new ScriptedTransport();

describe('AsyncEventSender options', () => {
  it.each<{ options: object; message: string }>([
    { options: {}, message: 'needs exactly one of endpoint and transport' },
    { options: { transport, endpoint: 'http://a/' }, message: 'needs exactly one of endpoint and transport' },
    { options: { transport: { send() {} } }, message: 'transport.close must be a function, got undefined' },
    { options: { transport: 'http' }, message: "transport must be an object, got 'http'" },
    { options: { endpoint: 'ftp://a/' }, message: "endpoint must be an http: or https: URL, got 'ftp:'" },
    { options: { endpoint: '/events' }, message: 'endpoint must be an absolute URL' },
    {
      options: { transport, concurrency: 0 },
      message: 'concurrency must be a whole number from 1 to 1024, got 0',
    },
    { options: { transport, maxQueue: 1.5 }, message: 'maxQueue must be a whole number' },
    {
      options: { transport, overflow: 'block' },
      message: "overflow must be one of 'drop-oldest', 'drop-newest'",
    },
    {
      options: { transport, attemptTimeoutMs: 0 },
      message: 'attemptTimeoutMs must be a number of milliseconds from 1',
    },
    {
      options: { transport, deadlineMs: Number.NaN },
      message: 'deadlineMs must be a number of milliseconds from 1',
    },
    {
      options: { transport, retry: { maxAttempts: 0 } },
      message: 'retry.maxAttempts must be a whole number',
    },
    { options: { transport, retry: { backoff: {} } }, message: 'retry.backoff.delayMs must be a function' },
    { options: { transport, retry: { tries: 3 } }, message: "retry has no option 'tries'" },
    { options: { transport, rate: { perSecond: 0.5 } }, message: 'rate.perSecond must be a whole number' },
    { options: { transport, headers: { 'Webhook-Id': '1' } }, message: "headers must not hold 'webhook-id'" },
    { options: { transport, headers: { 'a b': '1' } }, message: "'a b' does not" },
    { options: { transport, timeout: 5 }, message: "AsyncEventSender has no option 'timeout'" },
  ])('refuses $options with the name and the limit', ({ options, message }) => {
    const create = () => new AsyncEventSender(options as SenderOptions);
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(message);
  });

  it('keeps secrets out of its refusals', () => {
    const secret = 'hunter2';
    const bad: SenderOptions[] = [
      { endpoint: `//user:${secret}@receiver/` },
      { endpoint: `ftp://user:${secret}@receiver/` },
      { transport, headers: { authorization: `${secret}\n` } },
    ];
    for (const options of bad) expect(refusalOf(options)).not.toContain(secret);
  });

  it.each([{ maxSockets: 0 }, { maxAnswerBytes: -1 }])('refuses %o for an HTTP transport', (options) => {
    expect(() => httpTransport({ endpoint: 'http://a/', ...options })).toThrow(ConfigError);
  });
});

function refusalOf(options: SenderOptions): string {
  try {
    new AsyncEventSender(options);
  } catch (error) {
    return String(error);
  }
  throw new Error('the options were taken');
}
