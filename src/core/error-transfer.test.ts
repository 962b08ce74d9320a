import { describe, expect, it } from 'vitest';
import { describeError, fromErrorRecord, toErrorRecord } from './error-transfer.ts';
import {
  ClosedError,
  ConfigError,
  ListenError,
  OverflowError,
  ProtocolError,
  RestartLimitError,
  SpillwayError,
  TimeoutError,
  WorkerExitError,
} from './errors.ts';

const sent = (error: unknown): Error => fromErrorRecord(structuredClone(toErrorRecord(error)));

describe('an error that is sent to another thread', () => {
  it.each([
    new SpillwayError('PEER_SILENT', 'nothing heard'),
    new ConfigError('capacity must be above 0'),
    new ProtocolError('PROTOCOL_CHUNK', 'chunk of 9 bytes'),
    new OverflowError('OVERFLOW_CALLS', 'too many calls'),
    new TimeoutError('CALL_TIMEOUT', 'no answer'),
    new ClosedError('it was closed'),
    new ListenError('LISTEN_IN_USE', 'port 1935'),
    new WorkerExitError('WORKER_EXITED', 'gone'),
    new RestartLimitError('3 restarts'),
  ])('arrives as the $name it was', (error) => {
    const arrived = sent(error);
    expect(arrived).toBeInstanceOf(error.constructor);
    expect(arrived).toMatchObject({ name: error.name, code: error.code, message: error.message });
    expect(arrived.stack).toBe(error.stack);
    expect(`${arrived}`).toBe(`${error}`);
  });

  it('keeps the name and code of a class that is not ours', () => {
    const error = Object.assign(new RangeError('out of range'), { code: 'ERR_OUT_OF_RANGE' });
    expect(sent(error)).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUT_OF_RANGE',
      message: 'out of range',
    });
  });

  it('does not become ours because it has the name of one of ours', () => {
    const foreign = sent(new DOMException('The operation timed out', 'TimeoutError'));
    expect(foreign.name).toBe('TimeoutError');
    expect(foreign).not.toBeInstanceOf(SpillwayError);
  });

  it('leaves out a code that is no string', () => {
    expect(sent(Object.assign(new Error('old style'), { code: 20 }))).not.toHaveProperty('code');
  });

  it('takes its causes along', () => {
    const cause = new ProtocolError('PROTOCOL_AMF', 'bad marker', { cause: new TypeError('root') });
    const arrived = sent(new RestartLimitError('gave up', { cause }));
    expect(arrived.cause).toBeInstanceOf(ProtocolError);
    expect(arrived.cause).toMatchObject({
      code: 'PROTOCOL_AMF',
      cause: { name: 'TypeError', message: 'root' },
    });
  });

  it('has no cause when it had none', () => {
    expect(sent(new Error('alone'))).not.toHaveProperty('cause');
  });

  it('ends a cycle of causes after a few rounds', () => {
    const error = new Error('snake');
    error.cause = error;
    let depth = 0;
    for (let cause = sent(error).cause; cause instanceof Error; cause = cause.cause) depth++;
    expect(depth).toBe(8);
  });

  it.each([
    { thrown: 'a text', message: 'a text' },
    { thrown: 42n, message: '42' },
    { thrown: undefined, message: 'undefined' },
    { thrown: null, message: 'null' },
    { thrown: Symbol('s'), message: 'Symbol(s)' },
    { thrown: { reason: 'plain' }, message: '{"reason":"plain"}' },
    { thrown: unspeakable(), message: 'something that cannot be shown' },
    { thrown: revoked(), message: 'something that cannot be shown' },
  ])('carries a thrown value that is no error: $message', ({ thrown, message }) => {
    expect(sent(thrown)).toMatchObject({ name: 'Error', message });
  });

  it('carries an error whose fields are not what they should be', () => {
    const odd = Object.assign(new Error(), { name: Symbol('odd'), message: () => {}, stack: [() => {}] });
    expect(() => sent(odd)).not.toThrow();
    expect(sent(odd).name).toBe('Symbol(odd)');
  });

  it('carries an error that does not let itself be read', () => {
    const locked = Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('no');
      },
    });
    expect(sent(locked).message).toBe('something that cannot be shown');
  });

  it('carries the cause of an error also when it is no error', () => {
    expect(sent(new Error('outer', { cause: 'a text' }))).toMatchObject({ cause: { message: 'a text' } });
  });
});

describe('describeError', () => {
  it.each([
    { error: new ConfigError('bad'), line: 'CONFIG_INVALID: bad' },
    { error: new RangeError('bad'), line: 'RangeError: bad' },
    { error: 'bad', line: 'Error: bad' },
  ])('says "$line"', ({ error, line }) => {
    expect(describeError(error)).toBe(line);
  });
});

function unspeakable(): unknown {
  const value = Object.create(null) as Record<string, unknown>;
  value.self = value;
  return value;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error(), {});
  revoke();
  return proxy;
}
