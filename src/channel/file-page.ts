import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorRecord } from '../core/error-transfer.ts';
import { readClone } from './clone-codec.ts';
import { lastErrorOffset, maxLastErrorBytes } from './process-preload.ts';
import { pageInts, StatePage } from './state-page.ts';

// Behind the counters and the last error. What the worker starts with is there before it does, however large it is.
const bootOffset = lastErrorOffset + 4 + maxLastErrorBytes;

// Memory first; a container may have none or too little of it.
const folders = process.platform === 'win32' ? [tmpdir()] : ['/dev/shm', tmpdir()];

/**
 * A page in a file that a parent and its worker process have open. There is no memory that two Node processes share, but
 * a read or a write at a position never blocks, and works in a synchronous loop. It also carries the worker's start
 * record and, after its end, what nobody caught in it. The file has no name and is gone with the last of both.
 */
export class FilePage extends StatePage {
  /** To be handed to the worker; closed by `release()`. */
  readonly fd: number;
  readonly #int = new Uint32Array(1);
  #kept: Uint32Array | undefined;

  constructor(fd: number) {
    super();
    this.fd = fd;
  }

  /** Makes a page with a start record on it, as `writeClone` wrote it. */
  static create(boot: Uint8Array): FilePage {
    for (const folder of folders.slice(0, -1)) {
      try {
        return new FilePage(createFile(folder, boot));
      } catch {} // The last one tells.
    }
    return new FilePage(createFile(folders.at(-1)!, boot));
  }

  /** The start record. */
  readBoot(): unknown {
    return readClone(readBlock(this.fd, bootOffset, Number.MAX_SAFE_INTEGER));
  }

  /** What nobody caught in the worker. */
  readLastError(): ErrorRecord | undefined {
    try {
      const json = readBlock(this.fd, lastErrorOffset, maxLastErrorBytes).toString();
      return json === '' ? undefined : (JSON.parse(json) as ErrorRecord);
    } catch {
      return undefined; // The worker was killed while it wrote.
    }
  }

  /** Closes the file. The numbers can still be read. */
  release(): void {
    if (this.#kept !== undefined) return;
    this.#kept = new Uint32Array(pageInts);
    readSync(this.fd, this.#kept, 0, this.#kept.byteLength, 0);
    closeSync(this.fd);
  }

  protected override load(slot: number): number {
    if (this.#kept !== undefined) return this.#kept[slot]!;
    readSync(this.fd, this.#int, 0, 4, slot * 4);
    return this.#int[0]!;
  }

  protected override store(slot: number, values: Uint32Array): void {
    if (this.#kept !== undefined) return this.#kept.set(values, slot);
    writeSync(this.fd, values, 0, values.byteLength, slot * 4);
  }
}

function createFile(folder: string, boot: Uint8Array): number {
  const path = join(folder, `spillway-${process.pid}-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    const size = new Uint32Array([boot.byteLength]);
    writeAll(fd, new Uint8Array(bootOffset), 0);
    writeAll(fd, size, bootOffset);
    writeAll(fd, boot, bootOffset + 4);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function writeAll(fd: number, bytes: NodeJS.ArrayBufferView, position: number): void {
  for (let done = 0; done < bytes.byteLength; )
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done);
}

/** A block is its length in 4 bytes, then its bytes. */
function readBlock(fd: number, position: number, maxBytes: number): Buffer {
  const size = new Uint32Array(1);
  readSync(fd, size, 0, 4, position);
  if (size[0]! > maxBytes) return Buffer.alloc(0);
  const bytes = Buffer.allocUnsafeSlow(size[0]!);
  const read = readSync(fd, bytes, 0, bytes.length, position + 4);
  return bytes.subarray(0, read);
}
