import type * as grpc from '@grpc/grpc-js';
import type { Chat } from './chat.js';
import type { Enter, JoinReply, JoinRequest } from './proto.js';

type Call = grpc.ServerDuplexStream<JoinRequest, JoinReply>;

/**
 * Somebody in a room: an open call, and the number of the last message it was sent. The chat keeps the messages, so a
 * slow reader needs no more memory than a fast one and holds nobody up.
 */
export class Participant {
  readonly name: string;
  readonly #call: Call;
  readonly #chat: Chat;
  readonly #room: string;
  #sentUpTo: number;
  /** The number of the last message to send; known once the client has half-closed the call. */
  #lastOne = Number.POSITIVE_INFINITY;
  #mayWrite = true;

  constructor(call: Call, chat: Chat, { room, name }: Enter) {
    this.name = name;
    this.#call = call;
    this.#chat = chat;
    this.#room = room;
    this.#sentUpTo = chat.length(room);
    call.on('drain', () => {
      this.#mayWrite = true;
      this.sendMore();
    });
  }

  /** @param participants how many are in the room */
  welcome(participants: number): void {
    this.#mayWrite = this.#call.write({ entered: { after: this.#sentUpTo, participants } });
  }

  /** Sends the messages that are new, as fast as the client reads. */
  sendMore(): void {
    const messages = this.#chat.messages(this.#room) ?? [];
    const upTo = Math.min(messages.length, this.#lastOne);
    while (this.#mayWrite && this.#sentUpTo < upTo) {
      const message = messages[this.#sentUpTo];
      if (message === undefined) return;
      this.#sentUpTo += 1;
      this.#mayWrite = this.#call.write({ message });
    }
    if (this.#sentUpTo >= this.#lastOne) this.#call.end();
  }

  /** The client has half-closed the call: sends the messages up to now, then ends the call. */
  finish(): void {
    this.#lastOne = this.#chat.length(this.#room);
    this.sendMore();
  }
}
