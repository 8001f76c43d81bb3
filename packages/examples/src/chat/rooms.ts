import type { Chat } from './chat.js';
import type { Participant } from './participant.js';

/** The participants of each room. Each replica has its own: it follows from the calls that are open. */
export class Rooms {
  readonly #chat: Chat;
  readonly #present = new Map<string, Set<Participant>>();

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  /** @returns the participants of a room, in the order in which they entered it */
  present(room: string): ReadonlySet<Participant> {
    return this.#present.get(room) ?? new Set();
  }

  enter(room: string, participant: Participant): void {
    this.#chat.open(room);
    const present = this.#present.get(room);
    if (present === undefined) this.#present.set(room, new Set([participant]));
    else present.add(participant);
    participant.welcome(this.present(room).size);
  }

  /** Does nothing if the participant has left already. */
  leave(room: string, participant: Participant): void {
    const present = this.#present.get(room);
    present?.delete(participant);
    if (present?.size === 0) this.#present.delete(room);
  }

  /** Adds a message to a room and sends it to everybody in the room. */
  say(room: string, author: string, text: string): void {
    this.#chat.say(room, author, text);
    for (const participant of this.present(room)) participant.sendMore();
  }
}
