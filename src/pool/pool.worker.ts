import { toErrorRecord } from '../core/error-transfer.ts';
import { ConfigError } from '../core/errors.ts';
import type { PoolAnswer, PoolMessage } from './wire.ts';

type TaskFunction = (task: unknown) => unknown;

// The marks that Piscina's `move()` leaves on a value whose memory shall change hands.
const transferable = Symbol.for('Piscina.transferable');
const movedValue = Symbol.for('Piscina.valueOf');

let perform: Promise<TaskFunction> | undefined;

/** What Piscina calls in the thread, for each message of the pool. */
export default async function serve(message: PoolMessage): Promise<PoolAnswer> {
  try {
    if ('task' in message) return answerWith(await (await perform)?.(message.task));
    perform ??= load(message.file);
    await perform;
    return { result: undefined };
  } catch (error) {
    return { error: toErrorRecord(error) };
  }
}

async function load(file: string): Promise<TaskFunction> {
  const module: { readonly default?: unknown } = await import(file);
  if (typeof module.default === 'function') return module.default as TaskFunction;
  throw new ConfigError(`the default export of ${file} must be a function, got ${typeof module.default}`);
}

function answerWith(result: unknown): PoolAnswer {
  if (!isMoved(result)) return { result };
  // Piscina looks for its marks on the answer itself. The private one is inherited from the user's value.
  return Object.create(result, {
    [transferable]: { value: result[transferable] },
    [movedValue]: { value: { result: result[movedValue] } },
  }) as PoolAnswer;
}

function isMoved(result: unknown): result is { [transferable]: unknown; [movedValue]: unknown } {
  if (typeof result !== 'object' || result === null || !(transferable in result)) return false;
  return Object.getOwnPropertySymbols(result).some(({ description }) => description === 'Piscina.kMovable');
}
