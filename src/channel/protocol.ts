/**
 * What travels between a parent and its worker, written as a type. Leave out what is not used.
 *
 * @example
 * ```ts
 * interface DemuxProtocol {
 *   commands: { connect: { url: string }; disconnect: {} };
 *   calls: { probe: { params: { url: string }; result: StreamInfo } };
 *   requests: { credentials: { params: { realm: string }; result: { user: string; password: string } } };
 *   statuses: { connected: StreamInfo; failed: { message: string } };
 *   data: Uint8Array;
 * }
 * ```
 */
export interface WorkerProtocol {
  /** Parent to worker, one way: name to parameters. */
  readonly commands?: object;
  /** Parent to worker, answered: name to `{ params, result }`. */
  readonly calls?: object;
  /** Worker to parent, answered: name to `{ params, result }`. */
  readonly requests?: object;
  /** Worker to parent, one way, never dropped: name to details. */
  readonly statuses?: object;
  /** Worker to parent, bounded: one item of the data lane. */
  readonly data?: unknown;
}

/** One part of a protocol; nothing when the protocol leaves it out. */
export type ProtocolPart<Protocol, Part extends keyof WorkerProtocol> = Part extends keyof Protocol
  ? Protocol[Part]
  : Record<never, never>;

/** The commands of a protocol: name to parameters. */
export type Commands<Protocol> = ProtocolPart<Protocol, 'commands'>;
/** The calls of a protocol: name to `{ params, result }`. */
export type Calls<Protocol> = ProtocolPart<Protocol, 'calls'>;
/** The requests of a protocol: name to `{ params, result }`. */
export type Requests<Protocol> = ProtocolPart<Protocol, 'requests'>;
/** The statuses of a protocol: name to details. */
export type Statuses<Protocol> = ProtocolPart<Protocol, 'statuses'>;
/** One item of a protocol's data lane. */
export type Data<Protocol> = 'data' extends keyof Protocol ? Protocol['data'] : never;

/** The names of a part of a protocol. */
export type Names<Part> = keyof Part & string;
/** What a call or request is given. */
export type Params<Call> = 'params' extends keyof Call ? Call['params'] : never;
/** What a call or request answers. */
export type Result<Call> = 'result' extends keyof Call ? Call['result'] : never;

/** What a handler of a call, request or command gets besides its parameters. */
export interface HandlerContext {
  /** Aborts when the caller gave up or the channel closes. */
  readonly signal: AbortSignal;
}

/** One function per call or request: parameters in, result out. What it throws is thrown at the caller. */
export type CallHandlers<Part> = {
  readonly [Name in Names<Part>]: (
    params: Params<Part[Name]>,
    context: HandlerContext,
  ) => Result<Part[Name]> | Promise<Result<Part[Name]>>;
};

/** One function per command. What it throws is told to the parent as `commandFailed`. */
export type CommandHandlers<Part> = {
  readonly [Name in Names<Part>]: (params: Part[Name], context: HandlerContext) => void | Promise<void>;
};

/** One kind of status as the parent sees it. */
export interface StatusOf<Name extends string, Detail> {
  /** What the worker reports. */
  readonly status: Name;
  /** The details, as the protocol says. */
  readonly detail: Detail;
  /** When the worker said it, in ms since 1970. */
  readonly atMs: number;
}

/** A status as the parent sees it: one of those of its protocol. */
export type StatusEvent<Protocol> = {
  readonly [Name in Names<Statuses<Protocol>>]: StatusOf<Name, Statuses<Protocol>[Name]>;
}[Names<Statuses<Protocol>>];
