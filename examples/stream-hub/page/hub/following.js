/**
 * @import { FollowListener } from './follow-listener.js'
 */
import { StreamClock } from './stream-clock.js';

/**
 * What a connection keeps about a stream that is followed.
 * @typedef {{ mode: 'auto' | 'full' | 'keyframes', every: number }} Quality
 * @typedef {object} Following
 * @property {Set<FollowListener>} listeners
 * @property {Quality | null} quality what was asked for
 * @property {StreamClock} clock
 * @property {number | null} insteadId the run that the server sends in its place, for now
 */

/** @returns {Following} */
export function createFollowing() {
  return { listeners: new Set(), quality: null, clock: new StreamClock(), insteadId: null };
}

/** Another run begins, or the same one from its headers on. @param {Following} following */
export function startOver(following) {
  following.clock.reset();
  following.insteadId = null;
}
