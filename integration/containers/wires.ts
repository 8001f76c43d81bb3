import { docker } from '../engine/docker.js';

/** A hardware address of local administration that no interface has. */
const NOBODY = '02:00:00:00:00:00';

/** What containers can send each other on one network, each way for itself. */
export class Wires {
  readonly #network: string;

  /** @param network its name */
  constructor(network: string) {
    this.#network = network;
  }

  /** From now on nothing that the one sends reaches the other; the other way everything arrives. */
  async silence(from: string, to: string): Promise<void> {
    await this.#misdirect(['replace', 'lladdr', NOBODY, 'nud', 'permanent'], from, to);
  }

  async restore(from: string, to: string): Promise<void> {
    await this.#misdirect(['del'], from, to);
  }

  async cut(a: string, b: string): Promise<void> {
    await Promise.all([this.silence(a, b), this.silence(b, a)]);
  }

  async mend(a: string, b: string): Promise<void> {
    await Promise.all([this.restore(a, b), this.restore(b, a)]);
  }

  /**
   * A wrong hardware address for the other: what is sent to it is lost on the wire. A route into nowhere would tell the
   * sender at once that it cannot connect.
   */
  async #misdirect(change: readonly string[], from: string, to: string): Promise<void> {
    const address = await this.#addressOf(to);
    const ip = (...args: readonly string[]) =>
      docker('run', '--rm', '--network', `container:${from}`, '--cap-add', 'NET_ADMIN', 'understudy-ip', 'ip', ...args);
    // A container that is on several networks has a device for each, in no order to rely on.
    const device = / dev (\S+)/.exec(await ip('route', 'get', address))?.[1];
    if (device === undefined) throw new Error(`${from} has no way to ${address}`);
    await ip('neigh', ...change, 'dev', device, 'to', address);
  }

  #addressOf(container: string): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks ${JSON.stringify(this.#network)}).IPAddress}}`;
    return docker('inspect', '--format', format, container);
  }
}
