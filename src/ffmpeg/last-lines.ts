import { maskSecrets } from './mask-secrets.ts';

// What an error can usefully quote. ffmpeg can write megabytes of warnings about a damaged stream.
const maxLines = 20;
const maxLineLength = 500;

/** The last lines of a text that arrives in pieces: bounded in lines and in the length of each, secrets masked. */
export class LastLines {
  readonly #lines: string[] = [];
  #open = '';

  /** The lines so far, oldest first, the unfinished one last. */
  get lines(): readonly string[] {
    const open = present(this.#open);
    return open === undefined ? [...this.#lines] : [...this.#lines, open].slice(-maxLines);
  }

  add(text: string): void {
    const [first = '', ...others] = text.split(/[\r\n]+/);
    this.#open = (this.#open + first).slice(0, maxLineLength);
    for (const next of others) {
      this.#close();
      this.#open = next.slice(0, maxLineLength);
    }
  }

  #close(): void {
    const line = present(this.#open);
    if (line === undefined) return;
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
  }
}

function present(line: string): string | undefined {
  const shown = maskSecrets(line.trim());
  return shown === '' ? undefined : shown;
}
