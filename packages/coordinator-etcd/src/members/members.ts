import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import { asEtcdError } from './failure.js';
import type { Settings } from './options.js';

/** etcd refuses pings that come more often than every 5 s (`--grpc-keepalive-min-time`). */
const KEEPALIVE = {
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 0,
};

/** When all have been asked. etcd needs one to two seconds to find another leader. */
const ASK_AGAIN_MS = 500;

/**
 * The members of one etcd, a client for each, since etcd3 picks one at random and waits for it. A call goes to the
 * member that answered last; when it fails, or is silent for `hedgeMs`, another is asked too, and the first answer
 * counts (hedged requests: Dean and Barroso, "The tail at scale", CACM 2013). Then one after the other is asked again:
 * what members had passed on to a leader that is gone they never answer, though another leads by now. So whatever is
 * called must bear being carried out several times.
 */
export class Members {
  readonly #settings: Settings;
  readonly #clients: readonly Etcd3[];
  #preferred = 0;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { client, deadlineMs } = settings;
    this.#clients = settings.hosts.map(
      (hosts) =>
        new Etcd3({
          ...client,
          hosts,
          grpcOptions: { ...KEEPALIVE, ...client.grpcOptions },
          defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + deadlineMs }),
          // Which member is asked, and when again, is decided here.
          faultHandling: { host: () => noop, global: noop },
        }),
    );
  }

  /** For streams: the member that answered last. */
  get preferred(): Etcd3 {
    const client = this.#clients[this.#preferred];
    if (client === undefined) throw new Error('there is no member');
    return client;
  }

  /** The member that was asked is of no use now. */
  avoidPreferred(): void {
    this.#preferred = (this.#preferred + 1) % this.#clients.length;
  }

  /** @throws UNDERSTUDY_COORDINATOR when every member failed, or `deadlineMs` has passed */
  async call<T>(doing: string, ask: (client: Etcd3) => Promise<T>): Promise<T> {
    const { hosts, deadlineMs } = this.#settings;
    try {
      return await this.#firstOf(ask);
    } catch (error) {
      throw asEtcdError(error ?? `no answer within ${deadlineMs} ms`, doing, hosts);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  #firstOf<T>(ask: (client: Etcd3) => Promise<T>): Promise<T> {
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
        const index = (first + asked) % this.#clients.length;
        const client = this.#clients[index];
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
            if (asked < this.#clients.length) askNext();
            else if (open === 0) end(() => reject(error));
          },
        );
        hedge = setTimeout(askNext, asked < this.#clients.length ? hedgeMs : ASK_AGAIN_MS);
      };
      askNext();
    });
  }
}
