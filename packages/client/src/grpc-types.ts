import type { InterceptingListener, NextCall } from '@grpc/grpc-js';

/** Types that grpc-js uses in its exported ones without exporting them by name. */
export type InterceptingCallInterface = ReturnType<NextCall>;
export type AuthContext = NonNullable<ReturnType<InterceptingCallInterface['getAuthContext']>>;
export type MessageContext = Parameters<InterceptingCallInterface['sendMessageWithContext']>[0];
/** What an interceptor or the client may leave out, it does not want to hear. */
export type ReceivingListener = Partial<InterceptingListener>;
