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

type Members<Protocol, Part extends keyof WorkerProtocol> = Protocol extends {
  readonly [Key in Part]: infer Member;
}
  ? Member
  : Record<never, never>;

/** The commands of a protocol: name to parameters. */
export type Commands<Protocol> = Members<Protocol, 'commands'>;
/** The calls of a protocol: name to `{ params, result }`. */
export type Calls<Protocol> = Members<Protocol, 'calls'>;
/** The requests of a protocol: name to `{ params, result }`. */
export type Requests<Protocol> = Members<Protocol, 'requests'>;
/** The statuses of a protocol: name to details. */
export type Statuses<Protocol> = Members<Protocol, 'statuses'>;
/** One item of a protocol's data lane. */
export type Data<Protocol> = Protocol extends { readonly data: infer Item } ? Item : never;

/** The names of a part of a protocol. */
export type Names<Part> = keyof Part & string;
/** What a call or request is given. */
export type Params<Call> = Call extends { readonly params: infer P } ? P : never;
/** What a call or request answers. */
export type Result<Call> = Call extends { readonly result: infer R } ? R : never;

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

/** A status as the parent sees it: name, details and when the worker said it, in ms since 1970. */
export type StatusEvent<Protocol> = {
  readonly [Name in Names<Statuses<Protocol>>]: {
    readonly status: Name;
    readonly detail: Statuses<Protocol>[Name];
    readonly atMs: number;
  };
}[Names<Statuses<Protocol>>];
