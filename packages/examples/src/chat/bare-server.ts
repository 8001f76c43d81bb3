import { runBare } from '../hosting/bare-process.js';
import { Chat } from './chat.js';
import { ChatService } from './proto.js';
import { handlers } from './service.js';

await runBare('chat', (server) => server.addService(ChatService, handlers(new Chat())));
