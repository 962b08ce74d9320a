import { ProtocolError } from '../../core/errors.ts';
import { type Amf0Object, type Amf0Value, readAmf0Values, writeAmf0Values } from '../amf0.ts';

/** A command message (RTMP 1.0 §7.1.1): a remote call, or the answer to one. */
export interface RtmpCommand {
  /** What is called; `_result` and `_error` answer a call. */
  readonly name: string;
  /** Connects a call with its answer; 0 when none is wanted. */
  readonly transactionId: number;
  /** The command object; null in most commands. */
  readonly object: Amf0Value;
  /** What follows the command object. */
  readonly parameters: readonly Amf0Value[];
}

/**
 * Reads the body of an AMF0 command message. A missing transaction id counts as 0.
 *
 * @throws {ProtocolError} `PROTOCOL_COMMAND` when the body exceeds 64 kB or does not start with a name,
 * `PROTOCOL_AMF` when it is no AMF0.
 */
export function readCommand(body: Uint8Array): RtmpCommand {
  if (body.length > maxCommandBytes)
    throw refused(`a command of ${body.length} bytes, limit ${maxCommandBytes}`);
  const [name, transactionId, object, ...parameters] = readAmf0Values(body);
  if (typeof name !== 'string') throw refused(`a command whose name is a ${typeof name}`);
  return { name, transactionId: typeof transactionId === 'number' ? transactionId : 0, object, parameters };
}

/** Writes the body of an AMF0 command message. */
export function writeCommand(
  name: string,
  transactionId: number,
  ...values: readonly Amf0Value[]
): Uint8Array<ArrayBuffer> {
  return writeAmf0Values([name, transactionId, ...values]);
}

/** Tells an object from everything else AMF0 has. */
export function isAmf0Object(value: Amf0Value): value is Amf0Object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The value as a string, `undefined` when it is anything else: peers send numbers and nulls where names belong. */
export function stringOrUndefined(value: Amf0Value): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

// The longest real ones, `connect` with capability lists, have about 1 kB; a name with a token in it stays far below.
const maxCommandBytes = 65_536;

function refused(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_COMMAND', what);
}
