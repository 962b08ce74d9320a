import * as errors from './errors.ts';

/** An error in a form that survives the way between threads with its class and code. */
export interface ErrorRecord {
  readonly name: string;
  /** Whether it is of one of our classes: other packages have a `TimeoutError`, too. */
  readonly isOurs: boolean;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly cause: ErrorRecord | undefined;
}

// A cause chain is read from a foreign object: stop before a cycle becomes a stack overflow.
const maxCauses = 8;

/** Turns anything thrown into a record that structured clone can carry. Never throws. */
export function toErrorRecord(error: unknown, depth: number = 0): ErrorRecord {
  try {
    return error instanceof Error ? readError(error, depth) : withoutClass(describe(error));
  } catch {
    return withoutClass('something that cannot be shown'); // A getter that throws, a revoked proxy.
  }
}

/** Rebuilds an error from its record: one of ours gets its class back, another one keeps its name and code. */
export function fromErrorRecord(record: ErrorRecord): Error {
  const options = record.cause === undefined ? undefined : { cause: fromErrorRecord(record.cause) };
  const error = Object.assign(new Error(record.message, options), { name: record.name });
  if (record.stack !== undefined) error.stack = record.stack;
  if (record.code !== undefined) Object.assign(error, { code: record.code });
  const known = (errors as Readonly<Record<string, unknown>>)[record.name];
  if (record.isOurs && typeof known === 'function') Object.setPrototypeOf(error, known.prototype as object);
  return error;
}

/** One line for a log or a status page: code, if any, and message. */
export function describeError(error: unknown): string {
  const { code, message, name } = toErrorRecord(error);
  return `${code ?? name}: ${message}`;
}

function readError(error: Error & { readonly code?: unknown }, depth: number): ErrorRecord {
  const { name, message, stack, code, cause } = error;
  return {
    name: describe(name),
    isOurs: error instanceof errors.SpillwayError,
    message: describe(message),
    stack: typeof stack === 'string' ? stack : undefined,
    code: typeof code === 'string' ? code : undefined,
    cause: cause === undefined || depth >= maxCauses ? undefined : toErrorRecord(cause, depth + 1),
  };
}

function withoutClass(message: string): ErrorRecord {
  return { name: 'Error', isOurs: false, message, stack: undefined, code: undefined, cause: undefined };
}

function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return String(value);
  }
}
