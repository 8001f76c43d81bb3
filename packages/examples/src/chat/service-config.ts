/** The gRPC service config of a chat. */
import { type Mode, type Replicable, serviceConfigOf } from '../common/mode.js';

export const CHAT_GROUP = 'chat';

const CHAT: Replicable = { group: CHAT_GROUP, service: 'chat.v1.Chat', reads: [] };

/** Returns the service config that all replicas and clients of a chat must share. */
export const chatServiceConfig = (mode: Mode) => serviceConfigOf(CHAT, mode);
