import type * as grpc from '@grpc/grpc-js';
import type { Chat } from './chat.js';
import type { Enter, JoinReply, JoinRequest } from './proto.js';

type Call = grpc.ServerDuplexStream<JoinRequest, JoinReply>;

/**
 * Somebody in a room: an open call, and how much of what was said it was sent. The room itself keeps the messages, so one
 * who reads slowly costs no more than one who reads fast, and holds nobody up.
 */
export class Participant {
  readonly name: string;
  readonly #call: Call;
  readonly #chat: Chat;
  readonly #room: string;
  #sentUpTo: number;
  /** What is sent before the call ends, if it was half-closed. */
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

  /** Sends what was said since, as far as the other side takes it. */
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

  /** Says nothing more: is sent all that was said so far, and then the end. */
  finish(): void {
    this.#lastOne = this.#chat.length(this.#room);
    this.sendMore();
  }
}
