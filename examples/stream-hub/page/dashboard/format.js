/** What stands for a number that is not known. */
export const unknown = '–';

/**
 * A number from the server, or `null` for anything else.
 * @param {unknown} value
 */
export function asNumber(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/**
 * The text of a number that may not be known.
 * @param {unknown} value
 * @param {(value: number) => string} format
 */
export function formatKnown(value, format) {
  const number = asNumber(value);
  return number === null ? unknown : format(number);
}

/** @param {unknown} value */
export function formatCount(value) {
  return formatKnown(value, (count) => Math.round(count).toLocaleString('en'));
}

/** @param {unknown} value frames in a second */
export function formatRate(value) {
  return formatKnown(value, (rate) => rate.toFixed(1));
}

/** @param {unknown} value in kbit/s */
export function formatBitrate(value) {
  return formatKnown(value, (kbps) =>
    kbps < 10_000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`,
  );
}

/** @param {unknown} value in ms */
export function formatDuration(value) {
  return formatKnown(value, (ms) => {
    if (ms < 1_000) return `${Math.round(ms)} ms`;
    if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
    if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms / 1_000) % 60)} s`;
    return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms / 60_000) % 60)} min`;
  });
}

/** @param {Date} time */
export function formatClock(time) {
  return time.toLocaleTimeString('en-GB', { hour12: false });
}
