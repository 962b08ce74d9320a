/** Runs tasks one after the other in the order they were posted, as an actor handles its messages. */
export class Mailbox {
  #last: Promise<unknown> = Promise.resolve();

  /** Puts a task behind all earlier ones. Settles with the task; a failure does not stop the later ones. */
  post<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
