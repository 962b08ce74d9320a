/** @type {Promise<any> | null} */
let loading = null;

/** Loads mpegts.js once, and only when it is needed: it is larger than the rest of the page together. */
export function loadMpegts() {
  loading ??= injectScript('/vendor/mpegts.js').then(quietLibrary);
  // A failure may be a moment's; the next connection tries again.
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

/** @param {string} src */
function injectScript(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = src;
    script.addEventListener('load', () => resolve(undefined), { once: true });
    script.addEventListener('error', () => reject(new Error(`${src} could not be loaded`)), { once: true });
    document.head.append(script);
  });
}

function quietLibrary() {
  const mpegts = /** @type {any} */ (window).mpegts;
  if (!mpegts?.isSupported()) throw new Error('this browser has no MediaSource for H.264');
  mpegts.LoggingControl.applyConfig({ enableAll: false });
  return mpegts;
}
