/** Types that grpc-js uses in its exported ones without exporting them by name. */
import type { InterceptingListener, NextCall } from '@grpc/grpc-js';

export type InterceptingCallInterface = ReturnType<NextCall>;
export type AuthContext = NonNullable<ReturnType<InterceptingCallInterface['getAuthContext']>>;
export type MessageContext = Parameters<InterceptingCallInterface['sendMessageWithContext']>[0];
/** A listener of an application or an interceptor, which may lack functions for events that it ignores. */
export type ReceivingListener = Partial<InterceptingListener>;
