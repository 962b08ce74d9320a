import type { WorkerExit } from './exit.ts';

/** An item that a worker wrote. */
export interface WorkerItem<Item> {
  /** Tells it from a {@link Discontinuity}. */
  readonly kind: 'item';
  /** What the worker wrote. */
  readonly value: Item;
  /** 0 for the first delivery and one more for each, over all incarnations, loops and discontinuities. */
  readonly sequence: number;
  /** Which incarnation wrote it; 1 is the first. */
  readonly incarnation: number;
}

/** The seam between two incarnations of a worker: what follows does not continue what came before. */
export interface Discontinuity {
  /** Tells it from a {@link WorkerItem}. */
  readonly kind: 'discontinuity';
  /** The incarnation whose items came before. */
  readonly from: number;
  /** The one whose items follow. More than one above `from` when a slow loop missed whole incarnations. */
  readonly to: number;
  /** How `from` ended. `'closed'` when it was asked to end, as by a supervisor for missing a time limit. */
  readonly exit: WorkerExit;
  /** Items from before `to` that will not come: they waited in a worker that ended, or here for too long. */
  readonly lostItems: number;
  /** Its place among the deliveries. */
  readonly sequence: number;
}

/** What a loop over the data of a `SupervisedWorker` gets. */
export type WorkerDelivery<Item> = WorkerItem<Item> | Discontinuity;

/** A loop over the data of a `SupervisedWorker`. */
export interface DataLoop<Item> extends AsyncIterableIterator<WorkerDelivery<Item>, undefined> {
  /** Leaves the loop, from inside or outside: a `next()` that waits is answered as done. Nothing is lost by it. */
  return(): Promise<IteratorReturnResult<undefined>>;
}

/** The data of all incarnations of a `SupervisedWorker`, for one loop at a time. */
export interface WorkerData<Item> {
  /**
   * Begins a loop where the last one was left.
   *
   * @throws {ConfigError} while another loop is open.
   */
  [Symbol.asyncIterator](): DataLoop<Item>;
}

/** What became of the items of all incarnations of a `SupervisedWorker`. */
export interface DeliveryStats {
  /** Items the loops were given. */
  readonly deliveredItems: number;
  /** Discontinuities the loops were given. */
  readonly discontinuities: number;
  /** Items of incarnations that have ended which no loop has taken yet; at most 8 times 65. */
  readonly leftoverItems: number;
  /** Items that no loop will be given: they waited in a worker that ended, or here for a loop that did not come. */
  readonly lostItems: number;
}
