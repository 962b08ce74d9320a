import * as errors from './errors.ts';

/** An error in a form that survives the way between threads with its class and code. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly cause: ErrorRecord | undefined;
}

// A cause chain is read from a foreign object: stop before a cycle becomes a stack overflow.
const maxCauses = 8;

/** Turns anything thrown into a record that structured clone can carry. */
export function toErrorRecord(error: unknown, depth: number = 0): ErrorRecord {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: describe(error), stack: undefined, code: undefined, cause: undefined };
  }
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === 'string' ? code : undefined,
    cause:
      error.cause === undefined || depth >= maxCauses ? undefined : toErrorRecord(error.cause, depth + 1),
  };
}

/** Rebuilds an error from its record: one of ours gets its class back, another one keeps its name and code. */
export function fromErrorRecord(record: ErrorRecord): Error {
  const options = record.cause === undefined ? undefined : { cause: fromErrorRecord(record.cause) };
  const error = Object.assign(new Error(record.message, options), { name: record.name });
  if (record.stack !== undefined) error.stack = record.stack;
  if (record.code !== undefined) Object.assign(error, { code: record.code });
  const known = (errors as Readonly<Record<string, unknown>>)[record.name];
  if (typeof known === 'function') Object.setPrototypeOf(error, known.prototype as object);
  return error;
}

/** One line for a log or a status page: code, if any, and message. */
export function describeError(error: unknown): string {
  const { code, message, name } = toErrorRecord(error);
  return `${code ?? name}: ${message}`;
}

function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return String(value);
  }
}
