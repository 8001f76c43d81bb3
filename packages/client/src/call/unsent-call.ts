import type { AuthContext } from '@understudy/grpc-common';

/** What grpc-js's call interface tells of the connection, for calls of which nothing leaves this process: nothing. */
export abstract class UnsentCall {
  getPeer(): string {
    return 'unknown';
  }

  getCallNumber(): number {
    return 0;
  }

  getAuthContext(): AuthContext | null {
    return null;
  }
}
