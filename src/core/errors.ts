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
  | 'OVERFLOW_CALLS'
  | 'OVERFLOW_STREAMS'
  | 'OVERFLOW_CONNECTIONS'
  | 'OVERFLOW_OUTPUT'
  | 'WORKER_EXITED'
  | 'WORKER_FAILED'
  | 'WORKER_HUNG'
  | 'WORKER_START_TIMEOUT'
  | 'CALL_TIMEOUT'
  | 'CALL_UNKNOWN'
  | 'PEER_SILENT'
  | 'CHILD_HUNG'
  | 'CHILD_START_TIMEOUT'
  | 'CHILD_STOP_TIMEOUT'
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

/** A server could not take its address. The operator frees it or picks another. */
export class ListenError extends SpillwayError {}

/** A worker ended although nobody asked it to. Its supervisor starts a fresh one. */
export class WorkerExitError extends SpillwayError {
  /** The worker's exit code; absent when it was ended for being hung. */
  readonly exitCode: number | undefined;

  constructor(code: SpillwayErrorCode, message: string, options?: ErrorOptions & { exitCode?: number }) {
    super(code, message, options);
    this.exitCode = options?.exitCode;
  }
}

/** A supervisor used up its restarts. Its own parent decides; `cause` is the child's last failure. */
export class RestartLimitError extends SpillwayError {
  constructor(message: string, options?: ErrorOptions) {
    super('RESTART_LIMIT', message, options);
  }
}
