import type { Hosted } from '../common/hosted.js';
import { Chat } from './chat.js';
import { ChatService } from './proto.js';
import { handlers } from './service.js';
import { CHAT_GROUP, chatServiceConfig } from './service-config.js';

/** Returns a chat without rooms, ready to be replicated. */
export function chatReplica(): Hosted {
  const chat = new Chat();
  return {
    what: 'chat',
    group: CHAT_GROUP,
    serviceConfig: chatServiceConfig,
    state: chat,
    addTo: (server) => server.addService(ChatService, handlers(chat)),
  };
}
