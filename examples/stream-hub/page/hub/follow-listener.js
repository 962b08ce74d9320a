/**
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 * @import { ActiveStream } from './hub-messages.js'
 * @import { StreamChange } from './known-streams.js'
 */

/**
 * What a follower of a stream is told. All of it is optional.
 * @typedef {object} FollowListener
 * @property {(stream: ActiveStream) => void} [onStart] what follows begins anew: codec headers, then a keyframe
 * @property {(tag: FlvTag) => void} [onTag]
 * @property {() => void} [onInterrupted] its publisher was lost
 * @property {() => void} [onResumed] its publisher is back
 * @property {(reason: string) => void} [onEnded] it is not on air; `onStart` follows when it is
 * @property {(gap: { missed: number, reason: string }) => void} [onGap] something was left out
 * @property {(quality: { mode: string, every: number, instead: string }) => void} [onQuality] fewer pictures come, those of
 * the stream `instead`, or all again
 * @property {() => void} [onLost] the connection was lost; `onStart` or `onEnded` follows when it is back
 */

/**
 * Tells a listener what has become of its stream.
 * @param {FollowListener} listener
 * @param {StreamChange} change
 */
export function tellChange(listener, change) {
  switch (change.kind) {
    case 'started':
      return listener.onStart?.(change.stream);
    case 'interrupted':
      return listener.onInterrupted?.();
    case 'resumed':
      return listener.onResumed?.();
    case 'ended':
      return listener.onEnded?.(change.reason);
  }
}

/**
 * Tells every listener, whatever one of them throws. A listener may leave meanwhile, so a copy is walked through.
 * @param {Set<FollowListener>} listeners
 * @param {(listener: FollowListener) => void} tell
 */
export function tellAll(listeners, tell) {
  for (const listener of [...listeners]) {
    try {
      tell(listener);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
