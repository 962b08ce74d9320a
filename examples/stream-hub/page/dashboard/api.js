const answerTimeoutMs = 4_000;

/**
 * Fetches JSON from the server.
 * @param {string} path
 * @returns {Promise<any>}
 * @throws {Error} when there is no answer in time, or no good one
 */
export async function fetchJson(path) {
  const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(answerTimeoutMs) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/**
 * Calls `task` again and again, `pauseMs` after it has finished, and not at all while nobody looks at the page.
 * @param {() => Promise<void> | void} task must not reject
 * @param {number} pauseMs
 */
export function repeatWhileVisible(task, pauseMs) {
  let isRunning = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const run = async () => {
    clearTimeout(timer);
    if (isRunning || document.hidden) return;
    isRunning = true;
    await task();
    isRunning = false;
    timer = setTimeout(run, pauseMs);
  };
  document.addEventListener('visibilitychange', run);
  run();
}
