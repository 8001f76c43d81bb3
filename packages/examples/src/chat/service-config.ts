import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const CHAT_GROUP = 'chat';

const CHAT: Replicable = { group: CHAT_GROUP, service: 'chat.v1.Chat', reads: [] };

/** The gRPC service config that the replicas and the clients of a chat are given alike. */
export const chatServiceConfig = (mode: Mode) => serviceConfigOf(CHAT, mode);
