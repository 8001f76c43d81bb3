import type { Books } from '../demo/drive/collect.js';
import type { DrivenReply } from '../demo/drive/drive.js';
import { type Child, DemoFailure } from '../demo/stage/children.js';
import type { Stage } from '../demo/stage/stage.js';
import type { ClientCommand, ClientJob, ClientMessage } from './messages.js';

/** The client process of a run: it sends operations until it has been told that it is enough. */
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

  /** Waits until so many operations were answered; one of the marks that the client was given. */
  async answered(mark: number): Promise<void> {
    while (this.#answered < mark)
      await this.#until(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
  }

  /** Lets the load come to its end. */
  async finish(): Promise<{ readonly sent: number; readonly replies: readonly DrivenReply[] }> {
    this.#tell({ kind: 'enough' });
    const { sent } = await this.#until(this.#done);
    return { sent, replies: this.#replies };
  }

  /** What the bank says of itself, through this client. */
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
