/** Begins the lives of a replica, one after the other, and decides which record each begins with. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '@understudy/context';
import { type Epoch, type GroupRecord, type ReplicaId, UnderstudyError } from '@understudy/core';
import { Backoff, messageOf, sentenceOf } from '@understudy/grpc-common';
import { setupError } from '../checks/setup-error.js';
import { neighbourOf, twinOf } from '../checks/twin.js';
import { FutileLives } from './futile-lives.js';
import { Life } from './life.js';
import type { LifeSetup } from './life-setup.js';

const RETRY = { firstMs: 50, maxMs: 1000 };
const FUTILE = 'restore() gave another state than the copy, so its replies differed: mend that. It comes back';
/** How often a replica in development checks whether the replicas that hold the group's state still run. */
const LOOK_EVERY_MS = 500;
/** How long a coordinator may take to tell which replicas run. */
const PRESENT_WITHIN_MS = 500;
/** How often a replica that found no record looks whether others put it back. */
const LOOK_AGAIN_EVERY_MS = 100;

/** The lives of a replica, one after the other. Each starts from nothing, under an incarnation of its own. */
export class Lives {
  readonly #setup: LifeSetup;
  readonly #development: boolean;
  readonly #backoff = new Backoff(RETRY);
  readonly #futile = new FutileLives();
  #current: Life | undefined;
  #retry: NodeJS.Timeout | undefined;
  #ended = false;
  /** Whether no life has changed the user's state yet. */
  #fresh = true;
  #waits: string | undefined;

  /** @param development whether the group begins anew when all that hold its state are gone */
  constructor(setup: LifeSetup, development: boolean) {
    this.#setup = setup;
    this.#development = development;
  }

  /** The present life; undefined between two lives. */
  get current(): Life | undefined {
    return this.#current;
  }

  /** Why the next life has not begun, in a sentence. */
  get waits(): string {
    return this.#waits ?? 'waits for the coordinator to answer';
  }

  /**
   * Begins a life, however long the coordinator is away.
   *
   * @throws UNDERSTUDY_RECORD_DAMAGED, UNDERSTUDY_SETUP
   */
  async begin(): Promise<void> {
    const backoff = new Backoff(RETRY);
    while (!this.#ended) {
      try {
        await this.#begin();
        return;
      } catch (error) {
        if (!(error instanceof UnderstudyError) || error.code !== 'UNDERSTUDY_COORDINATOR') throw error;
        this.#waits = `waits for the coordinator: ${sentenceOf(error)}`;
        await delay(backoff.next(), undefined, { ref: false });
      }
    }
  }

  async #begin(): Promise<void> {
    await this.#checkAlone();
    const life: Life = new Life(this.#setup, this.#fresh, () => void this.#announce(life).catch(() => {}));
    await this.#announce(life);
    // Of two processes that began in the same moment, the one that announced itself first now finds the other.
    await this.#checkAlone();
    const record = await this.#recordToBeginWith();
    if (this.#ended) return;
    this.#current = life;
    this.#waits = undefined;
    life.begin(record);
    if (this.#development) this.#watchGroup(life);
  }

  async #announce({ member, status, brings }: Life): Promise<void> {
    const { coordinator, address, peerAddress } = this.#setup;
    const epoch = status.epoch as Epoch;
    await coordinator.announce({
      ...{ member, address },
      ...(peerAddress !== undefined && { peerAddress }),
      ...(epoch > 0 && { epoch }),
      brings,
    });
  }

  /**
   * Record and presences may have been deleted together under a group that runs, and its replicas need a moment to notice.
   * A replica that began a history in that moment would serve besides them, so it looks again until it has passed.
   */
  async #recordToBeginWith(): Promise<GroupRecord | undefined> {
    const { coordinator, config } = this.#setup;
    let record = await this.#recordNow();
    const untilMs = monotonicMs() + (coordinator.tellsOfLossWithinMs ?? 0);
    for (;;) {
      const leftMs = untilMs - monotonicMs();
      if (record !== undefined || leftMs <= 0 || this.#ended) return record;
      this.#waits = `finds no record of group ${config.group}, and looks whether replicas run that put one back`;
      await delay(Math.min(leftMs, LOOK_AGAIN_EVERY_MS), undefined, { ref: false });
      record = await this.#recordNow();
    }
  }

  /**
   * @returns undefined if the group has no record and nobody is announced who knows one
   * @throws UNDERSTUDY_COORDINATOR while somebody is: the record was lost, and a new one would begin a second history
   */
  async #recordNow(): Promise<GroupRecord | undefined> {
    const { coordinator, id, config } = this.#setup;
    let problem: UnderstudyError | undefined;
    try {
      const record = await coordinator.read();
      if (record !== undefined) return record;
    } catch (error) {
      if (!(error instanceof UnderstudyError) || error.code !== 'UNDERSTUDY_RECORD_DAMAGED') throw error;
      problem = error;
    }
    const others = (await coordinator.present()).filter(({ member, epoch }) => member.id !== id && epoch !== undefined);
    if (others.length > 0) {
      const names = others.map(({ member, address }) => `${member.id} (${address})`).join(', ');
      const what = problem === undefined ? 'has no record' : 'has a damaged record';
      throw new UnderstudyError(
        'UNDERSTUDY_COORDINATOR',
        `the coordinator ${what} of group ${config.group}, but ${names} runs and knows one: the primary puts it back. If ` +
          `no primary runs any more: understudy restore --group ${config.group} --replica ${others[0]?.member.id}`,
      );
    }
    if (problem !== undefined) throw problem;
    return undefined;
  }

  async #checkAlone(): Promise<void> {
    const { coordinator, address, id } = this.#setup;
    const neighbour = await neighbourOf(coordinator, id, address);
    // A neighbour's announcement may outlive it for a few seconds.
    if (neighbour !== undefined) {
      throw new UnderstudyError(
        'UNDERSTUDY_COORDINATOR',
        `replica ${neighbour.member.id} is announced at ${address}, the address of this replica ${id}; if both run, give each its own`,
      );
    }
    const twin = await twinOf(coordinator, id, address);
    if (twin === undefined) return;
    throw setupError(
      `another process runs as replica ${id} at ${twin.address}; stop one of the two, or give it a replicaId of its own`,
    );
  }

  /** Ends the present life and begins the next one soon, trying until that succeeds. */
  renew(reason: string): void {
    if (this.#current?.touched) this.#fresh = false;
    void this.#current?.end();
    this.#current = undefined;
    if (this.#ended) return;
    const futileMs = this.#futile.waitMs(this.#setup.divergences.futile, monotonicMs());
    this.#waits = futileMs === undefined ? reason : `${reason}; ${FUTILE} in ${Math.round(futileMs / 1000)} s`;
    this.#setup.logger.log('info', 'a new life begins', { reason });
    this.#retry = setTimeout(() => void this.#again(), futileMs ?? this.#backoff.next());
    this.#retry.unref();
  }

  /** Says that the present life serves or backs up, so that the next one may begin quickly again. */
  settled(): void {
    this.#backoff.reset();
  }

  /** Ends the present life, and begins no other. @returns resolves when what was sent on its links has left */
  end(): Promise<void> {
    this.#forgetNext();
    const left = this.#current?.end();
    this.#current = undefined;
    this.#setup.liveness?.close();
    return left ?? Promise.resolve();
  }

  crash(): void {
    this.#forgetNext();
    this.#current?.crash();
    this.#current = undefined;
    this.#setup.liveness?.close();
  }

  async #again(): Promise<void> {
    try {
      await this.begin();
    } catch (error) {
      this.renew(messageOf(error));
    }
  }

  /** Tells a life that waits to join when no replica runs that it could join. */
  #watchGroup(life: Life): void {
    const timer = setInterval(() => {
      if (this.#current !== life) clearInterval(timer);
      else if (life.status.role === 'joining') void this.#look(life);
    }, LOOK_EVERY_MS);
    timer.unref();
  }

  async #look(life: Life): Promise<void> {
    const { inSync, epoch } = life.status;
    // A coordinator that does not answer is asked again at the next look.
    const present = await this.#setup.coordinator.present().catch(() => undefined);
    if (present === undefined || this.#current !== life) return;
    const runs = inSync.some(({ incarnation }) => present.some(({ member }) => member.incarnation === incarnation));
    if (!runs) life.groupGone(epoch);
  }

  /** The other replicas that run, if this one is the last in sync. A coordinator that is away is not waited for. */
  async othersThatRun(): Promise<ReplicaId[]> {
    const { coordinator, id } = this.#setup;
    const status = this.#current?.status;
    if (status?.role !== 'primary' || status.inSync.length > 1) return [];
    const late = delay(PRESENT_WITHIN_MS, [], { ref: false });
    const present = await Promise.race([coordinator.present().catch(() => []), late]);
    return present.map(({ member }) => member.id).filter((other) => other !== id);
  }

  #forgetNext(): void {
    this.#ended = true;
    if (this.#retry !== undefined) clearTimeout(this.#retry);
  }
}
