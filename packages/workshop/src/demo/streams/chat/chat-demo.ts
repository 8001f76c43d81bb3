/** The chat as the demo shows it. */
import type { StreamDemo } from '../stream-demo.js';
import type { ChatEvidence, ChatResult } from './chat-evidence.js';
import { proveChat } from './chat-proof.js';

export const CHAT_DEMO: StreamDemo<ChatEvidence, ChatResult> = {
  example: 'chat',
  title: 'chat',
  clients: 'participants',
  driver: 'demo/streams/chat/chat-driver.js',
  unit: 'messages',
  // Every participant hears every message.
  total: ({ clients, messages }) => clients * clients * messages,
  prove: (evidence, _result, plan) => proveChat(evidence, plan),
};
