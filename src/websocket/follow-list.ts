import type { LiveStream } from '../media/live-stream.ts';
import { type FollowedHost, FollowedStream } from './followed-stream.ts';
import type { FollowedStats } from './session-types.ts';

/** What all streams amount to, those that are followed no more included, and each that is followed now. */
type FollowStats = Pick<FollowedStats, 'offered' | 'delivered' | 'skipped' | 'gaps' | 'lagMs'> & {
  readonly streams: readonly FollowedStats[];
};

/** The streams that one viewer follows: by name, whether they run or not, and with `*` all that run. */
export class FollowList {
  readonly #host: FollowedHost;
  readonly #maxStreams: number;
  readonly #followed = new Map<string, FollowedStream>();
  /** Those that were asked for by name: they stay when the run ends. */
  readonly #named = new Set<string>();
  #hasAll = false;
  /** Those that `*` does not mean. */
  readonly #unwanted = new Set<string>();
  readonly #past = { offered: 0, delivered: 0, skipped: 0, gaps: 0 };

  constructor(host: FollowedHost, maxStreams: number) {
    this.#host = host;
    this.#maxStreams = maxStreams;
  }

  /** Counters as of now. */
  stats(): FollowStats {
    const streams = [...this.#followed.values()].map((followed) => followed.stats());
    const totals = { ...this.#past, lagMs: 0 };
    for (const { offered, delivered, skipped, gaps, lagMs } of streams) {
      totals.offered += offered;
      totals.delivered += delivered;
      totals.skipped += skipped;
      totals.gaps += gaps;
      totals.lagMs = Math.max(totals.lagMs, lagMs);
    }
    return { ...totals, streams };
  }

  /** Everything that is followed now. */
  all(): IterableIterator<FollowedStream> {
    return this.#followed.values();
  }

  /** The stream of that name, if it is followed. */
  get(name: string): FollowedStream | undefined {
    return this.#followed.get(name);
  }

  /** Follows a name, or `*`. `false` when not all of that fits. */
  add(name: string, nowMs: number): boolean {
    if (name === '*') return this.#addAll(nowMs);
    this.#unwanted.delete(name);
    if (!this.#admit(name, this.#host.runs.find(name), nowMs)) return false;
    this.#named.add(name);
    return true;
  }

  /** Follows a name no more, or nothing at all. */
  remove(name: string): void {
    if (name === '*') return this.clear();
    if (this.#hasAll && this.#unwanted.size < this.#maxStreams) this.#unwanted.add(name);
    this.#forget(name);
  }

  /** A run has begun. `false` when it is wanted and does not fit. */
  start(run: LiveStream, nowMs: number): boolean {
    const { name } = run;
    const followed = this.#followed.get(name);
    followed?.start(run, nowMs);
    if (followed !== undefined || !this.#hasAll || this.#unwanted.has(name)) return true;
    return this.#admit(name, run, nowMs);
  }

  /** A run is over. */
  end(followed: FollowedStream): void {
    if (this.#named.has(followed.name)) followed.stop();
    else this.#forget(followed.name);
  }

  /** Follows nothing. */
  clear(): void {
    this.#hasAll = false;
    for (const name of [...this.#followed.keys()]) this.#forget(name);
  }

  #addAll(nowMs: number): boolean {
    this.#hasAll = true;
    this.#unwanted.clear();
    let fits = true;
    for (const run of this.#host.runs.all()) fits = this.#admit(run.name, run, nowMs) && fits;
    return fits;
  }

  #admit(name: string, run: LiveStream | undefined, nowMs: number): boolean {
    if (this.#followed.has(name)) return true;
    if (this.#followed.size >= this.#maxStreams) return false;
    const followed = new FollowedStream(name, this.#host);
    this.#followed.set(name, followed);
    if (run !== undefined) followed.start(run, nowMs);
    return true;
  }

  #forget(name: string): void {
    const followed = this.#followed.get(name);
    this.#named.delete(name);
    if (followed === undefined) return;
    this.#followed.delete(name);
    followed.stop();
    const { offered, delivered, skipped, gaps } = followed.stats();
    this.#past.offered += offered;
    this.#past.delivered += delivered;
    this.#past.skipped += skipped;
    this.#past.gaps += gaps;
  }
}
