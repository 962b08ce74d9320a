import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { ConfigError } from '../core/errors.ts';
import { DirectLaneReader } from './direct-lane-reader.ts';
import { DirectLaneWriter } from './direct-lane-writer.ts';
import { type LanePort, threadPort } from './lane-port.ts';
import { StreamPort } from './stream-port.ts';
import { type LaneOffer, maxLanes } from './wire.ts';

type LaneEnd = DirectLaneWriter<unknown> | DirectLaneReader<unknown>;

/** A worker's ends of its direct lanes, by name. */
export class WorkerLanes {
  readonly #ends = new Map<string, LaneEnd>();
  /** Wait for the other end to connect. */
  readonly #servers = new Map<string, Server>();

  writer(name: string): DirectLaneWriter<unknown> {
    const end = this.#find(name, () => new DirectLaneWriter());
    if (end instanceof DirectLaneWriter) return end;
    throw new ConfigError(`this worker reads from the lane '${name}' and cannot write to it`);
  }

  reader(name: string): DirectLaneReader<unknown> {
    const end = this.#find(name, () => new DirectLaneReader());
    if (end instanceof DirectLaneReader) return end;
    throw new ConfigError(`this worker writes to the lane '${name}' and cannot read from it`);
  }

  /** Connects the end that is offered. Settles when the other one may connect. */
  async take(offer: LaneOffer): Promise<void> {
    const { name, limits, link } = offer;
    if (link.kind !== 'end') this.#forgetClosed(name);
    const end = offer.end === 'from' ? this.writer(name) : this.reader(name);
    this.#stopListening(name);
    if (link.kind === 'end') return end.close();
    if (link.kind === 'port') end.attach(threadPort(link.port), limits);
    else if (link.kind === 'connect') end.attach(await connectTo(link.path), limits);
    else await this.#listen(name, link.path, (port) => end.attach(port, limits));
  }

  /** Ends all lanes from this side; writers wait until their readers have taken everything. */
  async close(): Promise<void> {
    for (const name of this.#servers.keys()) this.#stopListening(name);
    await Promise.all([...this.#ends.values()].map((end) => end.close()));
  }

  #find(name: string, create: () => LaneEnd): LaneEnd {
    const known = this.#ends.get(name);
    if (known !== undefined) return known;
    if (this.#ends.size >= maxLanes) for (const other of this.#ends.keys()) this.#forgetClosed(other);
    if (this.#ends.size >= maxLanes)
      throw new ConfigError(`no lane '${name}': this worker has ${maxLanes} lanes, the limit`);
    const end = create();
    this.#ends.set(name, end);
    return end;
  }

  #forgetClosed(name: string): void {
    if (this.#ends.get(name)?.isClosed) this.#ends.delete(name);
  }

  async #listen(name: string, path: string, onPort: (port: LanePort) => void): Promise<void> {
    const server = createServer((socket) => {
      this.#stopListening(name);
      onPort(new StreamPort(socket));
    });
    this.#servers.set(name, server);
    server.maxConnections = 1;
    server.listen(path);
    await once(server, 'listening');
  }

  #stopListening(name: string): void {
    this.#servers.get(name)?.close();
    this.#servers.delete(name);
  }
}

async function connectTo(path: string): Promise<LanePort> {
  const socket = connect(path);
  await once(socket, 'connect');
  return new StreamPort(socket);
}
