/** A participant of the chat's demo, and a reader of its history. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { ChatClient, Entered, JoinReply, JoinRequest, Message } from '@understudy/examples/chat/proto.js';
import type { StreamEnd } from '../job.js';
import type { Journal } from '../journal.js';
import type { ChatEvidenceOf } from './chat-evidence.js';

/** How many messages a participant may have said without having heard them. */
const UNHEARD_MAX = 4;

/** A participant, who says messages and notes everything that it hears. */
export class Talker {
  readonly #name: string;
  readonly #journal: Journal;
  readonly #onHeard: () => void;
  readonly #call: ClientDuplexStream<JoinRequest, JoinReply>;
  readonly #ended: Promise<StreamEnd>;
  readonly #said: ChatEvidenceOf<'participant'>['said'][number][] = [];
  readonly #heard: Message[] = [];
  #entered: Entered | undefined;
  #ownHeard = 0;
  #isOver = false;

  /**
   * @param name name of the participant, different from all others
   * @param onHeard called for every message that the participant hears
   */
  constructor(client: ChatClient, room: string, name: string, journal: Journal, onHeard: () => void) {
    this.#name = name;
    this.#journal = journal;
    this.#onHeard = onHeard;
    this.#call = client.join();
    this.#call.on('data', (reply: JoinReply) => this.#onReply(reply));
    this.#ended = journal.ended(this.#call);
    void this.#ended.then(() => {
      this.#isOver = true;
      journal.wake();
    });
    this.#call.write({ enter: { room, name } });
  }

  /** Resolves when the participant is in the room, or its stream has ended. */
  entered(): Promise<void> {
    return this.#journal.until(() => this.#entered !== undefined || this.#isOver);
  }

  /**
   * Says messages, each as soon as fewer than UNHEARD_MAX of its own are unheard, and waits until it has heard all of
   * them.
   */
  async talk(messages: number): Promise<void> {
    for (let i = 0; i < messages && !this.#isOver; i++) {
      await this.#untilUnheard(UNHEARD_MAX);
      // The text differs from all others of this participant, so that the proof can tell its messages apart.
      const text = `message ${this.#said.length + 1}`;
      this.#said.push({ text, sentAfter: this.#journal.seen });
      this.#call.write({ say: { text } });
    }
    await this.#untilUnheard(1);
  }

  /** Leaves the room. Resolves when all messages up to then have arrived. */
  async leave(): Promise<ChatEvidenceOf<'participant'>> {
    this.#call.end();
    const end = await this.#ended;
    const [name, entered, said, heard] = [this.#name, this.#entered, this.#said, this.#heard];
    return { kind: 'participant', name, entered, said, heard, end };
  }

  #untilUnheard(limit: number): Promise<void> {
    return this.#journal.until(() => this.#said.length - this.#ownHeard < limit || this.#isOver);
  }

  #onReply({ entered, message }: JoinReply): void {
    if (entered) {
      this.#entered = entered;
      this.#journal.wake();
    }
    if (!message) return;
    this.#heard.push(message);
    if (message.author === this.#name) this.#ownHeard += 1;
    this.#onHeard();
    this.#journal.arrived(message.number);
  }
}

/** Reads the history after a message. It must show at least the messages that participants have heard so far. */
export async function readHistory(
  client: ChatClient,
  room: string,
  after: number,
  journal: Journal,
): Promise<ChatEvidenceOf<'history'>> {
  const sentAfter = journal.seen;
  const messages: Message[] = [];
  const call = client.history({ room, after });
  call.on('data', (message: Message) => {
    messages.push(message);
    journal.arrived(message.number);
  });
  const end = await journal.ended(call);
  return { kind: 'history', after, sentAfter, messages, end };
}
