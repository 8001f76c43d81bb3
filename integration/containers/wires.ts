/** Cuts connections between containers, each direction by itself. */
import { docker } from '../engine/docker.js';

/** A locally administered hardware address that no interface has. */
const NOBODY = '02:00:00:00:00:00';

/** The wires between the containers of one network. Each direction can be cut by itself. */
export class Wires {
  readonly #network: string;

  /** @param network name of the network */
  constructor(network: string) {
    this.#network = network;
  }

  /** From now on no packet from the one container reaches the other. The opposite direction still works. */
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
   * Gives the sender a wrong hardware address for the receiver, so that its packets are lost on the wire. With a route
   * into nowhere instead, the sender would learn at once that it cannot connect.
   */
  async #misdirect(change: readonly string[], from: string, to: string): Promise<void> {
    const address = await this.#addressOf(to);
    const ip = (...args: readonly string[]) =>
      docker('run', '--rm', '--network', `container:${from}`, '--cap-add', 'NET_ADMIN', 'understudy-ip', 'ip', ...args);
    // A container on several networks has one device for each, in no reliable order.
    const device = / dev (\S+)/.exec(await ip('route', 'get', address))?.[1];
    if (device === undefined) throw new Error(`${from} has no way to ${address}`);
    await ip('neigh', ...change, 'dev', device, 'to', address);
  }

  #addressOf(container: string): Promise<string> {
    const format = `{{(index .NetworkSettings.Networks ${JSON.stringify(this.#network)}).IPAddress}}`;
    return docker('inspect', '--format', format, container);
  }
}
