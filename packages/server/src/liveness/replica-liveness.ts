/** Opens the liveness of a replica: a thread, and a place where the threads of other replicas reach it. */
import type { Logger, Member } from '@understudy/core';
import type { GroupConfig } from '@understudy/core/internal';
import { messageOf } from '@understudy/grpc-common';
import { setupError } from '../checks/setup-error.js';
import { hostAndPort, LifeLiveness, MAIN_THREAD, SaidOfPeers } from './life-liveness.js';
import { type LivenessThread, livenessThread, type ThreadListener } from './liveness-thread.js';

export interface ReplicaLivenessOptions {
  readonly config: GroupConfig;
  /** The place that the user chose: `host:port`; false for no thread. */
  readonly livenessAddress?: string | false;
  /** Where other replicas reach this one. */
  readonly announced: string;
  /** Where the listener for other replicas is bound; undefined if that is unknown. */
  readonly bound: string | undefined;
  readonly endsBlocked?: boolean;
  readonly logger: Logger;
}

/** The thread's place for one replica, in all its lives. */
export class ReplicaLiveness {
  readonly #options: ReplicaLivenessOptions;
  readonly #thread: LivenessThread;
  readonly #listener: ThreadListener;
  readonly #said = new SaidOfPeers();
  /** Where other threads reach this one. */
  readonly address: string;
  #closed = false;

  private constructor(options: ReplicaLivenessOptions, thread: LivenessThread, listener: ThreadListener, host: string) {
    this.#options = options;
    this.#thread = thread;
    this.#listener = listener;
    this.address = `${host}:${listener.port}`;
  }

  /**
   * @returns undefined if the main thread sends the heartbeats, which the log then says
   * @throws UNDERSTUDY_SETUP if the thread cannot listen at the place that the user chose
   */
  static async open(options: ReplicaLivenessOptions): Promise<ReplicaLiveness | undefined> {
    const { livenessAddress, announced, bound, logger } = options;
    if (livenessAddress === false) return undefined;
    const told = livenessAddress ?? announced;
    const { host, port } = hostAndPort(told);
    const listenHost = hostOf(bound) ?? host;
    const at = livenessAddress === undefined || isAnywhere(listenHost) ? listenHost : host;
    try {
      const thread = livenessThread();
      const listener = await thread.listen(at, livenessAddress === undefined ? 0 : port);
      return new ReplicaLiveness(options, thread, listener, told.slice(0, told.lastIndexOf(':')));
    } catch (error) {
      const reason = messageOf(error);
      if (livenessAddress !== undefined && /EADDR|EACCES/.test(reason)) {
        throw setupError(`cannot listen at livenessAddress ${livenessAddress}: ${reason}`);
      }
      logger.log('warn', MAIN_THREAD, { reason });
      return undefined;
    }
  }

  newLife(member: Member): LifeLiveness {
    const { config, endsBlocked = true, logger } = this.#options;
    const own = { thread: this.#thread, address: this.address, said: this.#said };
    return new LifeLiveness({ ...own, member, config, endsBlocked, logger });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}

const isAnywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** The host of a target to which a grpc-js server was bound; undefined if it has none. */
function hostOf(target: string | undefined): string | undefined {
  if (target === undefined || /^unix/.test(target)) return undefined;
  const plain = target.replace(/^(?:dns:(?:\/\/[^/]*\/)?|ipv[46]:)/, '');
  const { host } = hostAndPort(plain);
  return host === '' ? undefined : host;
}
