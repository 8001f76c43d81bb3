import type { Server, ServerOptions } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { MESSAGE_BYTES_MAX } from '@understudy/wire';

const LIMITS = ['grpc.max_receive_message_length', 'grpc.max_send_message_length'] as const;

/**
 * Replicas and clients talk in frames, which are messages of this very server.
 *
 * @throws UnderstudyError UNDERSTUDY_SETUP when the server's limits are too low for them; below zero is none
 */
export function checkMessageLimits(server: Server): void {
  // grpc-js keeps them to itself; where it does no longer, nothing is checked.
  const { options = {} } = server as unknown as { readonly options?: ServerOptions };
  for (const name of LIMITS) {
    const limit = options[name];
    if (typeof limit !== 'number' || limit < 0 || limit >= MESSAGE_BYTES_MAX) continue;
    const problem = `${name} is ${limit}, and replicas send up to ${MESSAGE_BYTES_MAX} bytes in a message: raise it to that, or leave it out`;
    throw new UnderstudyError('UNDERSTUDY_SETUP', problem);
  }
}
