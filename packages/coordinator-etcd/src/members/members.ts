/** Asks etcd so that neither a dead nor a silent member delays a call. */
import { createHash } from 'node:crypto';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import { asEtcdError } from './failure.js';
import type { EtcdProof, Settings } from './options.js';

/** etcd refuses pings that come more often than every 5 s (`--grpc-keepalive-min-time`), so these come every 6 s. */
const KEEPALIVE = {
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 0,
};

/**
 * An etcd that was away is dialled again this soon. By default grpc-js waits up to two minutes, in which a replica would
 * not notice that etcd came back without the record, while another one starts and begins a history.
 */
const REDIAL = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };

/**
 * How long to wait before asking a member again once all were asked. etcd takes one to two seconds to elect a leader.
 */
const ASK_AGAIN_MS = 500;

/**
 * The members of one etcd. Each has a client of its own, because a client of etcd3 for all members picks one at random
 * and waits for it.
 *
 * A call goes to the member that answered last. If that member fails, or is silent for `hedgeMs`, another is asked too,
 * and the first answer counts (hedged requests: Dean and Barroso, "The tail at scale", CACM 2013). Once all members
 * were asked, they are asked again one after the other: a member never answers a call that it passed on to a leader
 * that has died, even when another leads by now. So every call must tolerate being carried out several times.
 */
export class Members {
  readonly #settings: Settings;
  #present: Promise<Present> | undefined;
  #preferred = 0;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  #connect(proof: EtcdProof): Etcd3[] {
    const { hosts, client, deadlineMs } = this.#settings;
    return hosts.map(
      (host) =>
        new Etcd3({
          ...{ ...client, ...proof },
          hosts: host,
          grpcOptions: { ...KEEPALIVE, ...REDIAL, ...client.grpcOptions },
          defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + deadlineMs }),
          // This class decides which member is asked and when it is asked again, not etcd3.
          faultHandling: { host: () => noop, global: noop },
        }),
    );
  }

  /** The client of the member that answered last, for watches. */
  async preferred(): Promise<Etcd3> {
    const client = (await this.#clients())[this.#preferred];
    if (client === undefined) throw new Error('hosts names no member of etcd');
    return client;
  }

  /** Prefers the next member from now on, because the preferred one failed. */
  avoidPreferred(): void {
    this.#preferred = (this.#preferred + 1) % this.#settings.hosts.length;
  }

  async #clients(): Promise<readonly Etcd3[]> {
    this.#present ??= this.#settings.proof().then((proof) => this.#presentWith(proof));
    try {
      return (await this.#present).clients;
    } catch (cause) {
      // The user's function failed; it is asked again the next time.
      this.#present = undefined;
      throw cause;
    }
  }

  #presentWith(proof: EtcdProof): Present {
    const clients = this.#connect(proof);
    if (this.#closed) for (const client of clients) client.close();
    return { clients, digest: digestOf(proof) };
  }

  /** After a failure: whether the proof has changed. If so, the next call uses the new one. */
  async #renewed(): Promise<boolean> {
    if (!this.#settings.renewable || this.#present === undefined) return false;
    const before = await this.#present;
    const proof = await this.#settings.proof();
    const isOther = digestOf(proof) !== before.digest;
    if (isOther && (await this.#present) === before) {
      this.#present = Promise.resolve(this.#presentWith(proof));
      // Calls and watches that are under way may still end well.
      setTimeout(() => closeAll(before.clients), this.#settings.deadlineMs).unref();
    }
    return isOther;
  }

  /** @throws UNDERSTUDY_COORDINATOR when every member failed, or when `deadlineMs` passed */
  async call<T>(doing: string, ask: (client: Etcd3) => Promise<T>): Promise<T> {
    const { hosts, deadlineMs } = this.#settings;
    try {
      try {
        return await this.#firstOf(await this.#clients(), ask);
      } catch (error) {
        if (!(await this.#renewed())) throw error;
        return await this.#firstOf(await this.#clients(), ask);
      }
    } catch (error) {
      throw asEtcdError(error ?? `no answer within ${deadlineMs} ms`, doing, hosts);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#present?.then(({ clients }) => closeAll(clients)).catch(() => {});
  }

  #firstOf<T>(clients: readonly Etcd3[], ask: (client: Etcd3) => Promise<T>): Promise<T> {
    const { deadlineMs, hedgeMs } = this.#settings;
    const first = this.#preferred;
    return new Promise((resolve, reject) => {
      let asked = 0;
      let open = 0;
      let over = false;
      let hedge: NodeJS.Timeout | undefined;
      const deadline = setTimeout(() => end(() => reject(undefined)), deadlineMs);
      const end = (settle: () => void): void => {
        over = true;
        clearTimeout(deadline);
        clearTimeout(hedge);
        settle();
      };
      const askNext = (): void => {
        clearTimeout(hedge);
        const index = (first + asked) % clients.length;
        const client = clients[index];
        if (client === undefined) return;
        asked++;
        open++;
        ask(client).then(
          (answer) => {
            if (over) return;
            this.#preferred = index;
            end(() => resolve(answer));
          },
          (error: unknown) => {
            open--;
            if (over) return;
            if (asked < clients.length) askNext();
            else if (open === 0) end(() => reject(error));
          },
        );
        hedge = setTimeout(askNext, asked < clients.length ? hedgeMs : ASK_AGAIN_MS);
      };
      askNext();
    });
  }
}

/** The clients of all members, and the digest of the proof with which they were made. */
interface Present {
  readonly clients: readonly Etcd3[];
  readonly digest: string;
}

const digestOf = (proof: EtcdProof): string => createHash('sha256').update(JSON.stringify(proof)).digest('hex');

function closeAll(clients: readonly Etcd3[]): void {
  for (const client of clients) client.close();
}
