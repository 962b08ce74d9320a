import { maskSecrets } from './mask-secrets.ts';

// What an error can usefully quote. ffmpeg can write megabytes of warnings about a damaged stream.
const maxLines = 20;
const maxLineLength = 500;

// A line is cut behind its URL, not in it: one without its end would not be recognised, and its password shown.
const maxRawLength = 16_384;

/** The last lines of a text that arrives in pieces: bounded in lines and in the length of each, secrets masked. */
export class LastLines {
  readonly #urls: readonly string[];
  readonly #lines: string[] = [];
  #open = '';

  /** @param urls - URLs that may be quoted, to be masked whatever characters they hold. */
  constructor(urls: readonly string[] = []) {
    this.#urls = urls;
  }

  /** The lines so far, oldest first, the unfinished one last. */
  get lines(): readonly string[] {
    // Masked only when somebody looks: an ffmpeg that talks for ever must not keep us busy.
    const shown = [...this.#lines, this.#open].map((line) => maskSecrets(line.trim(), this.#urls));
    return shown
      .filter((line) => line !== '')
      .map((line) => line.slice(0, maxLineLength))
      .slice(-maxLines);
  }

  add(text: string): void {
    const [first = '', ...others] = text.split(/[\r\n]+/);
    this.#open = (this.#open + first).slice(0, maxRawLength);
    for (const next of others) {
      this.#close();
      this.#open = next.slice(0, maxRawLength);
    }
  }

  #close(): void {
    if (this.#open.trim() === '') return;
    this.#lines.push(this.#open);
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}
