/** The evidence of a chat's run. */
import type { Entered, Message } from '@understudy/examples/chat/proto.js';
import type { Arrivals, StreamEnd } from '../job.js';

/** Either the messages that a participant said and heard, or a reading of the history. */
export type ChatEvidence =
  | {
      readonly kind: 'participant';
      readonly name: string;
      readonly entered: Entered | undefined;
      /** The messages said, in order. `sentAfter` is the highest number that any participant had heard before. */
      readonly said: readonly { readonly text: string; readonly sentAfter: number }[];
      readonly heard: readonly Message[];
      readonly end: StreamEnd;
    }
  | {
      readonly kind: 'history';
      readonly after: number;
      readonly sentAfter: number;
      readonly messages: readonly Message[];
      readonly end: StreamEnd;
    };

/** The result has no history: the last reading among the pieces is the whole one. */
export type ChatResult = Arrivals;

export type ChatEvidenceOf<Kind extends ChatEvidence['kind']> = Extract<ChatEvidence, { readonly kind: Kind }>;
