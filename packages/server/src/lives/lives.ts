import { Backoff, messageOf } from '@understudy/grpc-common';
import { Life, type LifeSetup } from './life.js';

const RETRY = { firstMs: 50, maxMs: 1000 };

/** The lives of a replica, one after the other. Each starts from nothing, under an incarnation of its own. */
export class Lives {
  readonly #setup: LifeSetup;
  readonly #backoff = new Backoff(RETRY);
  #current: Life | undefined;
  #retry: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(setup: LifeSetup) {
    this.#setup = setup;
  }

  /** The present life; undefined between two lives. */
  get current(): Life | undefined {
    return this.#current;
  }

  /**
   * Begins a life.
   *
   * @throws UNDERSTUDY_COORDINATOR, UNDERSTUDY_RECORD_DAMAGED
   */
  async begin(): Promise<void> {
    const { coordinator, address, peerAddress } = this.#setup;
    const life = new Life(this.#setup);
    await coordinator.announce({ member: life.member, address, ...(peerAddress !== undefined && { peerAddress }) });
    const record = await coordinator.read();
    if (this.#ended) return;
    this.#current = life;
    life.begin(record);
  }

  /** Ends the present life and begins the next one soon, trying until that succeeds. */
  renew(reason: string): void {
    this.#current?.end();
    this.#current = undefined;
    if (this.#ended) return;
    this.#setup.logger.log('info', 'a new life begins', { reason });
    this.#retry = setTimeout(() => void this.#again(), this.#backoff.next());
    this.#retry.unref();
  }

  /** Says that the present life serves or backs up, so that the next one may begin quickly again. */
  settled(): void {
    this.#backoff.reset();
  }

  end(): void {
    this.#forgetNext();
    this.#current?.end();
    this.#current = undefined;
  }

  crash(): void {
    this.#forgetNext();
    this.#current?.crash();
    this.#current = undefined;
  }

  async #again(): Promise<void> {
    try {
      await this.begin();
    } catch (error) {
      this.renew(messageOf(error));
    }
  }

  #forgetNext(): void {
    this.#ended = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
  }
}
