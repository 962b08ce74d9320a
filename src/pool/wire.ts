import type { ErrorRecord } from '../core/error-transfer.ts';

/** What a thread is sent. The first message names the task's file; sent again, it asks whether the thread answers. */
export type PoolMessage = { readonly file: string } | { readonly task: unknown };

/** What a thread answers. A failure travels as a record, so whatever else goes wrong is the thread's own end. */
export type PoolAnswer = { readonly result: unknown } | { readonly error: ErrorRecord };
