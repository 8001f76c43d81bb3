/** The chat's gRPC handlers. */
import { status } from '@grpc/grpc-js';
import { writeAll } from '../common/write-all.js';
import type { Chat } from './chat.js';
import { Participant } from './participant.js';
import type { ChatHandlers, Enter, JoinRequest } from './proto.js';
import { Rooms } from './rooms.js';

const NAME_MAX = 40;
const TEXT_MAX = 1_000;

/**
 * Returns the gRPC handlers of a chat.
 *
 * @param rooms the participants of each room; tests pass their own to look into it
 */
export const handlers = (chat: Chat, rooms = new Rooms(chat)): ChatHandlers => ({
  join: (call) => {
    let entered: { readonly room: string; readonly participant: Participant } | undefined;
    const leave = (): void => {
      if (entered !== undefined) rooms.leave(entered.room, entered.participant);
    };
    const refuse = (details: string): void => {
      call.off('data', onRequest).off('end', onEnd).resume();
      call.emit('error', { code: status.INVALID_ARGUMENT, details });
    };
    const onEnter = (enter: Enter): void => {
      const { room, name } = enter;
      if (!hasLength(room, NAME_MAX)) return refuse(`the room must have 1 to ${NAME_MAX} characters`);
      if (!hasLength(name, NAME_MAX)) return refuse(`the name must have 1 to ${NAME_MAX} characters`);
      entered = { room, participant: new Participant(call, chat, enter) };
      rooms.enter(room, entered.participant);
    };
    const onRequest = ({ enter, say }: JoinRequest): void => {
      if (entered === undefined) return enter ? onEnter(enter) : refuse('enter a room first');
      if (!say) return refuse('only one room can be entered, and only once');
      if (!hasLength(say.text, TEXT_MAX)) return refuse(`the text must have 1 to ${TEXT_MAX} characters`);
      rooms.say(entered.room, entered.participant.name, say.text);
    };
    const onEnd = (): void => {
      leave();
      if (entered === undefined) call.end();
      else entered.participant.finish();
    };
    call.on('data', onRequest).on('end', onEnd).on('error', leave).on('cancelled', leave);
  },

  history: (call) => {
    const { room, after } = call.request;
    const messages = chat.messages(room);
    if (messages === undefined) call.emit('error', { code: status.NOT_FOUND, details: `there is no room ${room}` });
    // Messages that are said while the caller reads are not sent.
    else writeAll(call, messages.slice(after), () => call.end());
  },
});

const hasLength = (text: string, max: number): boolean => text.length > 0 && text.length <= max;
