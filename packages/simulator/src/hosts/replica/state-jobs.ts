import type { ReplicaEffect, ReplicaEvent } from '@understudy/core/internal';
import { hashText, textOf } from '@understudy/core/testing';
import type { CopyPlan } from '../../plan/plan.js';
import { Copies } from './copies.js';
import type { Jobs } from './jobs.js';
import type { Life } from './life.js';

type EffectOf<K extends ReplicaEffect['kind']> = Extract<ReplicaEffect, { kind: K }>;

/** The replica that owns the state. */
interface StateHost {
  readonly jobs: Jobs;
  readonly life: Life;
  step(event: ReplicaEvent): void;
  /** The user's function may block its process. */
  blockLater(): void;
}

/** Copies, restores and digests of a replica's state, for one life. */
export class StateJobs {
  readonly #host: StateHost;
  readonly #copies: Copies;
  #digests = 0;

  constructor(host: StateHost, plan: CopyPlan) {
    this.#host = host;
    this.#copies = new Copies(plan);
  }

  take({ copy, kept }: EffectOf<'takeCheckpoint'>): void {
    const host = this.#host;
    host.blockLater();
    this.#later(() => host.step(this.#copies.take(copy, kept, host.life.checkpoint())));
  }

  draw({ copy }: EffectOf<'drawState'>): void {
    this.#later(() => {
      const drawn = this.#copies.draw(copy);
      if (drawn !== undefined) this.#host.step(drawn);
    });
  }

  end(copy: number): void {
    this.#copies.end(copy);
  }

  restore({ state, verifies }: EffectOf<'restoreState'>): void {
    const host = this.#host;
    host.blockLater();
    this.#later(() => {
      const bytes = Buffer.concat(state);
      host.life.restore(bytes);
      const made = host.life.checkpoint();
      const differs = { given: 'the copy', made: 'another' };
      host.step({ kind: 'restored', ...(verifies && !bytes.equals(made) && { differs }) });
    });
  }

  /** Messages may be processed between the copy and its digest. */
  digest({ orderNum }: EffectOf<'digestState'>): void {
    const host = this.#host;
    const number = this.#digests;
    const later = (run: () => void): void => this.#later(() => number === this.#digests && run());
    later(() => {
      const digest = String(hashText(textOf(host.life.checkpoint())));
      later(() => host.step({ kind: 'stateDigested', orderNum, digest, tookMs: 0 }));
      host.step({ kind: 'stateHeld', orderNum, heldMs: 0, blockedMs: 0 });
    });
  }

  endDigest(): void {
    this.#digests++;
  }

  #later(run: () => void): void {
    this.#host.jobs.later(undefined, run);
  }
}
