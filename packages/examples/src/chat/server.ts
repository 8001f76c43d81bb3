import { runReplica } from '../hosting/replica-process.js';
import { Chat } from './chat.js';
import { ChatService } from './proto.js';
import { handlers } from './service.js';
import { CHAT_GROUP, chatServiceConfig } from './service-config.js';

const chat = new Chat();
await runReplica({
  what: 'chat',
  group: CHAT_GROUP,
  serviceConfig: chatServiceConfig,
  state: chat,
  audit: () => chat.audit(),
  addTo: (server) => server.addService(ChatService, handlers(chat)),
});
