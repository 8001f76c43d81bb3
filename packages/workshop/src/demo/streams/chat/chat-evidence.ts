import type { Entered, Message } from '@understudy/examples/chat/proto.js';
import type { Arrivals, StreamEnd } from '../job.js';

/** What a participant said and heard, and what a reader of the history read. */
export type ChatEvidence =
  | {
      readonly kind: 'participant';
      readonly name: string;
      readonly entered: Entered | undefined;
      /** In order; `sentAfter`: the highest number of a message that anybody had heard by then. */
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

/** The whole history at the end is a reading as well: the last one. */
export type ChatResult = Arrivals;

export type ChatEvidenceOf<Kind extends ChatEvidence['kind']> = Extract<ChatEvidence, { readonly kind: Kind }>;
