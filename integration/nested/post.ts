/** A post office for the tests of nested calls. */
import { type BareServer, startBare } from '../../packages/examples/dist/common/bare.js';
import { PostOffice } from '../../packages/examples/dist/post/post-office.js';
import { type PostHandlers, PostService } from '../../packages/examples/dist/post/proto.js';
import { handlers } from '../../packages/examples/dist/post/service.js';
import { Patience } from '../history/patience.js';

/** A post office that can hold its answers back. Then it has a parcel, but the caller does not know. */
export class Post {
  readonly office = new PostOffice();
  readonly #patience = new Patience(
    () => `${this.#kept?.length ?? 0} answers are kept back, ${this.repeats} parcels came again`,
  );
  #kept: (() => void)[] | undefined;
  #server: BareServer | undefined;

  /** @returns `host:port` where the post office listens */
  async open(): Promise<string> {
    const { dispatch } = handlers(this.office);
    const own: PostHandlers = {
      dispatch: (call, reply) => dispatch(call, (...answer) => this.#answer(() => reply(...answer))),
    };
    this.#server = await startBare('127.0.0.1:0', (server) => server.addService(PostService, own));
    return this.#server.address;
  }

  close(): void {
    this.#server?.stop();
  }

  /** How often a parcel arrived again. */
  get repeats(): number {
    return [...this.office.registered.values()].reduce((repeats, { times }) => repeats + times - 1, 0);
  }

  /** Holds all answers back, and waits until it holds `count` of them. */
  async keepBack(count: number): Promise<void> {
    this.#kept = [];
    await this.#patience.until(() => this.#kept !== undefined && this.#kept.length >= count);
  }

  /** Waits until `count` parcels have arrived again. */
  async repeated(count: number): Promise<void> {
    await this.#patience.until(() => this.repeats >= count);
  }

  /** Releases all answers, and holds none back from now on. */
  release(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const give of kept) give();
  }

  #answer(give: () => void): void {
    if (this.#kept === undefined) give();
    else this.#kept.push(give);
    this.#patience.look();
  }
}
