import type { Publication } from '../media/stream-directory.ts';
import { closeCodes } from './protocol.ts';

/** Why a streamer left. */
export type StreamerEndReason =
  /** It said so, by message or by closing its connection in good order. */
  | 'stopped'
  /** The server, or the directory with its stream, was closed. */
  | 'closed'
  /** Another connection took its place. */
  | 'replaced'
  /** Its stream's name is taken, or there are too many streams. */
  | 'refused'
  /** Too many of its pictures in a row had to be refused. */
  | 'rejected'
  /** It sent more messages besides pictures than a streamer has to send. */
  | 'flooded'
  /** It sent no valid picture for too long. */
  | 'frozen'
  /** It did not answer a ping, or does not read. */
  | 'unresponsive'
  /** Its connection was lost. */
  | 'lost';

/** What an end means for the connection and for the stream. */
export interface StreamerEnding {
  /** What the connection is closed with; `undefined`: there is nobody to say goodbye to. */
  readonly closeCode: number | undefined;
  /** How the stream is given up. */
  readonly stream: Parameters<Publication['end']>[0];
}

/** What each end means. */
export const endings: Readonly<Record<StreamerEndReason, StreamerEnding>> = {
  stopped: { closeCode: closeCodes.normal, stream: 'unpublished' },
  closed: { closeCode: closeCodes.goingAway, stream: 'unpublished' },
  replaced: { closeCode: closeCodes.replaced, stream: 'lost' }, // So that its successor goes on with the same stream.
  refused: { closeCode: closeCodes.policyViolation, stream: 'lost' },
  rejected: { closeCode: closeCodes.tooManyErrors, stream: 'rejected' },
  flooded: { closeCode: closeCodes.policyViolation, stream: 'rejected' },
  frozen: { closeCode: closeCodes.frozen, stream: 'frozen' },
  unresponsive: { closeCode: undefined, stream: 'lost' },
  lost: { closeCode: undefined, stream: 'lost' },
};

/** Ends that nobody has to look into. */
export const plannedEnds: readonly StreamerEndReason[] = ['stopped', 'closed', 'replaced'];

/** RFC 6455 §7.4.1: 1000 is normal, 1001 a page that is left or loaded anew, 1005 a page's `close()` without a code. */
const goodbyes: readonly number[] = [1000, 1001, 1005];

/** What a streamer means that closes its connection with this code. */
export function endByCloseCode(code: number): StreamerEndReason {
  return goodbyes.includes(code) ? 'stopped' : 'lost';
}
