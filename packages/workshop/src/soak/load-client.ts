import type { Books } from '../demo/drive/collect.js';
import type { DrivenReply } from '../demo/drive/drive.js';
import { type Child, DemoFailure } from '../demo/stage/children.js';
import type { Stage } from '../demo/stage/stage.js';
import type { ClientCommand, ClientJob, ClientMessage } from './messages.js';

/** The client process of a run, which sends operations until `finish`. */
export class LoadClient {
  readonly #stage: Stage;
  readonly #child: Child<ClientMessage>;
  readonly #failed: Promise<never>;
  readonly #replies: DrivenReply[] = [];
  readonly #done: Promise<{ readonly sent: number }>;
  #answered = 0;
  #wake = (): void => {};

  constructor(stage: Stage, job: ClientJob) {
    this.#stage = stage;
    this.#child = stage.children.start<ClientMessage>('client', 'soak/client.js', [JSON.stringify(job)]);
    this.#done = this.#child.next('done');
    this.#failed = this.#child.next('failed').then(({ reason }) => {
      throw new DemoFailure(`the client failed: ${reason} Its log: ${this.#child.logPath}`);
    });
    this.#failed.catch(() => {});
    this.#child.on('mark', ({ replies }) => {
      this.#answered = replies;
      this.#wake();
    });
    this.#child.on('replies', ({ replies }) => {
      for (const reply of replies) this.#replies.push(reply);
    });
  }

  /** Waits until `mark` operations were answered. The mark must be one of those in the client's job. */
  async answered(mark: number): Promise<void> {
    while (this.#answered < mark)
      await this.#until(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
  }

  /** Ends the load, and returns the replies. */
  async finish(): Promise<{ readonly sent: number; readonly replies: readonly DrivenReply[] }> {
    this.#tell({ kind: 'enough' });
    const { sent } = await this.#until(this.#done);
    return { sent, replies: this.#replies };
  }

  /** Returns the books of the bank, which this client collects. */
  async books(): Promise<Books> {
    const answer = this.#child.next('books');
    this.#tell({ kind: 'books' });
    return (await this.#until(answer)).books;
  }

  #tell(command: ClientCommand): void {
    this.#child.tell(command);
  }

  #until<T>(promise: Promise<T>): Promise<T> {
    return this.#stage.until(Promise.race([promise, this.#failed]));
  }
}
