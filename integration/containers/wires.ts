import { docker } from '../engine/docker.js';

/** What containers can send each other on one network, each way for itself. */
export class Wires {
  readonly #network: string;

  /** @param network its name */
  constructor(network: string) {
    this.#network = network;
  }

  /** From now on nothing that the one sends reaches the other; the other way everything arrives. */
  async silence(from: string, to: string): Promise<void> {
    await this.#route('add', from, to);
  }

  async restore(from: string, to: string): Promise<void> {
    await this.#route('del', from, to);
  }

  async cut(a: string, b: string): Promise<void> {
    await Promise.all([this.silence(a, b), this.silence(b, a)]);
  }

  async mend(a: string, b: string): Promise<void> {
    await Promise.all([this.restore(a, b), this.restore(b, a)]);
  }

  /** A route into nowhere, set from a container that shares the network of the one that is to be silent. */
  async #route(change: 'add' | 'del', from: string, to: string): Promise<void> {
    await docker(
      ...['run', '--rm', '--network', `container:${from}`, '--cap-add', 'NET_ADMIN', 'understudy-ip'],
      ...['ip', 'route', change, 'blackhole', await this.#addressOf(to)],
    );
  }

  #addressOf(container: string): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks ${JSON.stringify(this.#network)}).IPAddress}}`;
    return docker('inspect', '--format', format, container);
  }
}
