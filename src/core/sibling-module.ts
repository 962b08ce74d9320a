/**
 * The URL of a module that lies beside the calling one, with the caller's own extension: `.ts` when the sources run
 * directly, `.js` in the built package. Worker files are found this way.
 *
 * @param name - File name without extension, such as `'ingest.worker'`.
 * @param base - The caller's `import.meta.url`.
 */
export function siblingModule(name: string, base: string): URL {
  return new URL(`./${name}${new URL(base).pathname.endsWith('.ts') ? '.ts' : '.js'}`, base);
}
