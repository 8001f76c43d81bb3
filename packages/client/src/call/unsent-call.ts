import type { AuthContext } from '@understudy/grpc-common';

/** What a call of grpc-js tells of its connection if none of it ever leaves this process: nothing. */
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
