/** What happened, as a stable string. Match on it rather than on a message. `docs/errors.md` explains each one. */
export type SpillwayErrorCode =
  | 'CONFIG_INVALID'
  | 'PROTOCOL_HANDSHAKE'
  | 'PROTOCOL_CHUNK'
  | 'PROTOCOL_MESSAGE_TOO_LARGE'
  | 'PROTOCOL_AMF'
  | 'PROTOCOL_COMMAND'
  | 'PROTOCOL_FLV'
  | 'OVERFLOW_CONTROL_LANE'
  | 'OVERFLOW_MESSAGE'
  | 'OVERFLOW_CALLS'
  | 'OVERFLOW_STREAMS'
  | 'OVERFLOW_CONNECTIONS'
  | 'OVERFLOW_OUTPUT'
  | 'WORKER_EXITED'
  | 'WORKER_FAILED'
  | 'WORKER_HUNG'
  | 'WORKER_OUT_OF_MEMORY'
  | 'WORKER_KILLED'
  | 'WORKER_START_TIMEOUT'
  | 'CALL_TIMEOUT'
  | 'CALL_UNKNOWN'
  | 'PEER_SILENT'
  | 'CHILD_HUNG'
  | 'CHILD_START_TIMEOUT'
  | 'CHILD_STOP_TIMEOUT'
  | 'CHILD_UNKNOWN'
  | 'CHILD_EXISTS'
  | 'CHILD_RUNNING'
  | 'CHILD_RESTARTING'
  | 'OVERFLOW_CHILDREN'
  | 'SHUTDOWN'
  | 'OVERFLOW_TASKS'
  | 'TASK_TIMEOUT'
  | 'TASK_WAIT_TIMEOUT'
  | 'TASK_UNSERIALIZABLE'
  | 'RESULT_UNSERIALIZABLE'
  | 'CLOSED'
  | 'DELIVERY_STATUS'
  | 'DELIVERY_NETWORK'
  | 'DELIVERY_TIMEOUT'
  | 'DELIVERY_EXPIRED'
  | 'DELIVERY_UNSERIALIZABLE'
  | 'PROTOCOL_RESPONSE'
  | 'LISTEN_IN_USE'
  | 'LISTEN_DENIED'
  | 'LISTEN_FAILED'
  | 'FFMPEG_UNAVAILABLE'
  | 'FFMPEG_EXITED'
  | 'SOURCE_CONNECT_TIMEOUT'
  | 'SOURCE_STALLED'
  | 'RESTART_LIMIT';

/** The base of every error this package throws. `name` is the class, `code` says what happened. */
export class SpillwayError extends Error {
  /** Stable identifier of what happened. */
  readonly code: SpillwayErrorCode;

  constructor(code: SpillwayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option is wrong. Thrown where the mistake is made, mostly at construction; the programmer fixes the option named in the message. */
export class ConfigError extends SpillwayError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONFIG_INVALID', message, options);
  }
}

/** A peer broke its protocol. That one connection is closed; nothing else is touched. */
export class ProtocolError extends SpillwayError {}

/** A bound was reached. The operator raises the bound or finds out who floods. */
export class OverflowError extends SpillwayError {}

/** Something did not happen within its time limit. */
export class TimeoutError extends SpillwayError {}

/** The object was closed on purpose; nobody has to act. */
export class ClosedError extends SpillwayError {
  constructor(message: string, options?: ErrorOptions) {
    super('CLOSED', message, options);
  }
}

/** A call does not fit the state things are in now: the child is running already, there is none of that name. */
export class StateError extends SpillwayError {}

/**
 * For a service to throw: it ends on purpose before its work is finished. A supervisor restarts such a child only when it
 * is permanent. OTP's exit reason `shutdown`.
 */
export class ShutdownError extends SpillwayError {
  constructor(message: string, options?: ErrorOptions) {
    super('SHUTDOWN', message, options);
  }
}

/** A server could not take its address. The operator frees it or picks another. */
export class ListenError extends SpillwayError {}

/** A worker ended although nobody asked it to. Its supervisor starts a fresh one. */
export class WorkerExitError extends SpillwayError {
  /** The worker's exit code; absent when it was ended, or a signal ended it. */
  readonly exitCode: number | undefined;
  /** The signal that ended the worker's process, when nobody here sent it. */
  readonly signal: string | undefined;
  /** Whether it had called `serveChannel`: `'starting'` when not. */
  readonly phase: 'starting' | 'serving' | undefined;
  /**
   * What a hung worker was doing, when it was ended for that: a thread in `'javascript'` could be ended, one inside a
   * `'native'` call could not. Of a process it is not known.
   */
  readonly hang: 'javascript' | 'native' | 'unknown' | undefined;

  constructor(code: SpillwayErrorCode, message: string, options: WorkerExitErrorOptions = {}) {
    super(code, message, options);
    this.exitCode = options.exitCode;
    this.signal = options.signal;
    this.phase = options.phase;
    this.hang = options.hang;
  }
}

/** What a {@link WorkerExitError} can tell besides its code. */
export interface WorkerExitErrorOptions extends ErrorOptions {
  /** The worker's exit code. */
  readonly exitCode?: number;
  /** The signal that ended its process. */
  readonly signal?: string;
  /** How far it had come. */
  readonly phase?: 'starting' | 'serving';
  /** Where it hung. */
  readonly hang?: 'javascript' | 'native' | 'unknown';
}

/** A supervisor used up its restarts. Its own parent decides; `cause` is the child's last failure. */
export class RestartLimitError extends SpillwayError {
  constructor(message: string, options?: ErrorOptions) {
    super('RESTART_LIMIT', message, options);
  }
}
