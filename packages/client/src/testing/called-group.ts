import type { Client } from '@grpc/grpc-js';
import type { Reply, Request } from '@understudy/core/internal';
import { understudyClient } from '../setup/replicated.js';
import { connectTo, echoing, NOT_FOUND, replyWithMetadata } from './echo.js';
import { ScriptedGroup } from './scripted-replica.js';
import { replicatedForTest } from './session-under-test.js';

/** A replicated service that the handlers of other groups call, and clients of it. */
export class CalledGroup {
  readonly seen: Request[] = [];
  readonly #clients: Client[] = [];

  private constructor(readonly group: ScriptedGroup) {}

  static async start(size: number): Promise<CalledGroup> {
    const called = new CalledGroup(await ScriptedGroup.start(size, (request) => called.#answer(request)));
    return called;
  }

  connect(options: Parameters<typeof replicatedForTest>[0] = {}, more: object = {}): Client {
    const client = connectTo(this.group.target, { ...replicatedForTest(options), ...more });
    this.#clients.push(client);
    return client;
  }

  /** Resolves once there is a call without an answer. */
  async held(): Promise<void> {
    await this.group.replicas[0]?.until(() => this.group.held.length > 0);
  }

  /** Forgets everything that belongs to one test. */
  async forget(): Promise<void> {
    this.seen.length = 0;
    this.group.answerHeld();
    for (const client of this.#clients.splice(0)) await understudyClient(client).close();
  }

  /** Answers as its handler would, chosen by the message. */
  #answer(request: Request): Reply | undefined {
    this.seen.push(request);
    switch (Buffer.from(request.message).toString()) {
      case 'hang':
        return undefined;
      case 'not found':
        return NOT_FOUND;
      case 'metadata':
        return replyWithMetadata([['last-bin', Buffer.from([2])]]);
      default:
        return echoing(request);
    }
  }
}
